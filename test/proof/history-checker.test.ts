import { checkHistory, type History, type HistoryRule, type Operation, type Run } from 'lambda-once/testing'

const run = (over: Partial<Run> = {}): Run => ({
  key: 'k',
  payload: 'p',
  attempt: 1,
  startedAt: 10,
  endedAt: 20,
  lapsedAt: 1_000,
  ended: 'returned',
  value: 'v-1',
  ...over,
})

const second = (over: Partial<Run> = {}): Run =>
  run({ attempt: 2, startedAt: 50, endedAt: 60, lapsedAt: 2_000, value: 'v-2', ...over })

const operation = (answer: Operation['answer'], over: Partial<Operation> = {}): Operation => ({
  client: 'c',
  key: 'k',
  payload: 'p',
  calledAt: 5,
  answeredAt: 30,
  answer,
  ...over,
})

const created = (over: Partial<Operation> = {}, value: unknown = 'v-1'): Operation =>
  operation({ kind: 'value', value, status: 'created' }, over)
const replayed = (over: Partial<Operation> = {}, value: unknown = 'v-1'): Operation =>
  operation({ kind: 'value', value, status: 'replayed' }, { calledAt: 70, answeredAt: 80, ...over })
const unstored = (over: Partial<Operation> = {}, value: unknown = 'v-1'): Operation =>
  operation({ kind: 'value', value, status: 'unstored' }, over)
const refused = (code: string, over: Partial<Operation> = {}): Operation => operation({ kind: 'refused', code }, over)

const GOOD: readonly (readonly [string, History])[] = [
  ['nothing happened', { operations: [], runs: [] }],
  [
    'a run and its replay',
    { operations: [created(), replayed()], runs: [run()], settled: [{ key: 'k', value: 'v-1' }] },
  ],
  ['values are compared by content', { operations: [created({}, { a: 1 })], runs: [run({ value: { a: 1 } })] }],
  [
    'a run after a throw',
    { operations: [created({ answeredAt: 65 }, 'v-2')], runs: [run({ ended: 'threw' }), second()] },
  ],
  [
    'a run after a death',
    {
      operations: [operation({ kind: 'none' }), created({ answeredAt: 65 }, 'v-2')],
      runs: [run({ ended: 'died', endedAt: undefined }), second()],
    },
  ],
  [
    'an unstored outcome that may have been stored',
    { operations: [unstored(), replayed()], runs: [run(), second({ ended: 'threw' })] },
  ],
  [
    'a run after an unstored one',
    { operations: [unstored(), replayed({}, 'v-2')], runs: [run(), second()], settled: [{ key: 'k', value: 'v-2' }] },
  ],
  [
    'a slow owner that lost its claim',
    {
      operations: [created({ answeredAt: 65 }, 'v-2'), replayed({ calledAt: 5, answeredAt: 100 }, 'v-2')],
      runs: [run({ endedAt: 90, lapsedAt: 40 }), second()],
    },
  ],
  [
    'an owner that returned in time and lost its claim before its outcome was stored',
    {
      operations: [refused('in-progress', { answeredAt: 55 }), created({ answeredAt: 65 }, 'v-2')],
      runs: [run({ lapsedAt: 40 }), second()],
    },
  ],
  [
    'another payload, at the same time',
    { operations: [created(), refused('key-reused', { payload: 'q', calledAt: 1 })], runs: [run()] },
  ],
  [
    'another payload after a release',
    {
      operations: [
        operation({ kind: 'threw', error: 'NotDoneError' }),
        created({ payload: 'q', answeredAt: 65 }, 'v-2'),
      ],
      runs: [run({ ended: 'threw' }), second({ payload: 'q' })],
    },
  ],
  [
    'another run after the retention',
    { operations: [created(), replayed({}, 'v-2')], runs: [run(), second()], retention: 40 },
  ],
  [
    'runs without a claim',
    {
      operations: [
        operation({ kind: 'value', value: 'v-1', status: 'unprotected' }),
        created({ answeredAt: 65 }, 'v-2'),
      ],
      runs: [run({ attempt: undefined, endedAt: 90 }), second()],
    },
  ],
  [
    'one key and another',
    { operations: [created(), created({ key: 'l' }, 'v-2')], runs: [run(), second({ key: 'l', startedAt: 12 })] },
  ],
]

const BAD: readonly (readonly [string, readonly HistoryRule[], History])[] = [
  [
    'two answers',
    ['one-answer'],
    { operations: [replayed(), replayed({}, 'v-2')], runs: [run({ ended: 'died' }), second()] },
  ],
  ['an answer out of nothing', ['from-a-run'], { operations: [replayed({}, 'v-3')], runs: [run()] }],
  ['the value of a run that threw', ['from-a-run'], { operations: [replayed()], runs: [run({ ended: 'threw' })] }],
  [
    'an answer before its run',
    ['after-its-run', 'no-run-after-answer'],
    { operations: [created({ answeredAt: 7 })], runs: [run()] },
  ],
  [
    'the value of another payload',
    ['for-its-payload'],
    { operations: [created(), replayed({ payload: 'q' })], runs: [run()] },
  ],
  [
    'a mismatch without another payload',
    ['reused-by-somebody'],
    {
      operations: [
        refused('key-reused'),
        created(),
        created({ payload: 'q', calledAt: 40, answeredAt: 65, key: 'l' }, 'v-2'),
      ],
      runs: [run(), second({ key: 'l', payload: 'q' })],
    },
  ],
  [
    'a mismatch with a payload that came later',
    ['reused-by-somebody'],
    {
      operations: [
        created(),
        refused('key-reused'),
        refused('key-reused', { payload: 'q', calledAt: 40, answeredAt: 50 }),
      ],
      runs: [run()],
    },
  ],
  [
    'a run after the answer, though it fails',
    ['no-run-after-answer'],
    { operations: [created()], runs: [run(), second({ ended: 'threw' })] },
  ],
  [
    'a run before the answer, though the first had returned',
    ['no-needless-run'],
    { operations: [created({ answeredAt: 90 })], runs: [run(), second()] },
  ],
  [
    'a run under a lease that ended after the outcome was stored',
    ['no-needless-run'],
    { operations: [created({ answeredAt: 90 })], runs: [run({ lapsedAt: 40 }), second()] },
  ],
  [
    'two concurrent runs',
    ['one-at-a-time'],
    { operations: [created({ answeredAt: 99 })], runs: [run({ endedAt: 90 }), second({ ended: 'threw' })] },
  ],
  [
    'a run during one that died later',
    ['one-at-a-time'],
    { operations: [], runs: [run({ ended: 'died', endedAt: 90 }), second()] },
  ],
  [
    'a run during one that has not ended',
    ['one-at-a-time', 'no-needless-run'],
    { operations: [], runs: [run({ ended: 'running', endedAt: undefined }), second()] },
  ],
  ['an answer that is not stored', ['stored-as-answered'], { operations: [created()], runs: [run()], settled: [] }],
  [
    'an outcome that no run returned',
    ['stored-as-answered'],
    { operations: [], runs: [run({ ended: 'threw' })], settled: [{ key: 'k', value: 'v-3' }] },
  ],
]

test.each(GOOD)('fits: %s', (_, history) => {
  expect(checkHistory(history)).toEqual([])
})

test.each(BAD)('does not fit: %s', (_, rules, history) => {
  expect(new Set(checkHistory(history).map(({ rule }) => rule))).toEqual(new Set(rules))
})

test('a violation with a value that JSON cannot hold is reported too', () => {
  const [violation] = checkHistory({ operations: [created({}, 1n)], runs: [run({ value: 1n })], settled: [] })
  expect(violation?.message).toBe('c was answered 1n (created) at 30; the store holds none')
})

test('a violation says what happened', () => {
  expect(checkHistory({ operations: [created()], runs: [run()], settled: [] })).toEqual([
    { rule: 'stored-as-answered', key: 'k', message: 'c was answered "v-1" (created) at 30; the store holds none' },
  ])
})

describe('an invalid history is refused with the name of the wrong member', () => {
  const of = (over: Partial<Operation>): unknown => ({ operations: [created(over)], runs: [run()] })
  const ran = (over: Partial<Run>): unknown => ({ operations: [created()], runs: [run(), second(over)] })

  test.each<[string, unknown]>([
    ['option "operations" is missing; it must be an array', {}],
    ['option "options" is undefined; it must be an object', undefined],
    [
      'option "retention" is NaN; it must be a number of milliseconds above 0',
      { operations: [], runs: [], retention: Number.NaN },
    ],
    ['option "operations[0]" is null; it must be an object', { operations: [null], runs: [] }],
    [
      'option "operations[0].answeredAt" is NaN; it must be a finite number of epoch milliseconds',
      of({ answeredAt: Number.NaN }),
    ],
    ['option "operations[0].answeredAt" is 4; it must not be before calledAt, which is 5', of({ answeredAt: 4 })],
    ['option "operations[0].answer" is undefined; it must be an object', of({ answer: undefined as never })],
    [
      'option "operations[0].answer.kind" is "ok"; it must be one of "value", "refused", "threw", "none"',
      of({ answer: { kind: 'ok' } as never }),
    ],
    [
      'option "operations[0].answer.status" is undefined; it must be one of "created", "replayed", "unstored", "unprotected"',
      of({ answer: { kind: 'value', value: 1 } as never }),
    ],
    [
      'option "runs[1].startedAt" is "now"; it must be a finite number of epoch milliseconds',
      ran({ startedAt: 'now' as never }),
    ],
    ['option "runs[1].endedAt" is 49; it must not be before startedAt, which is 50', ran({ endedAt: 49 })],
    [
      'option "runs[1].attempt" is 0; it must be an integer from 1, or undefined where it ran unprotected',
      ran({ attempt: 0 }),
    ],
    [
      'option "runs[1].ended" is "done"; it must be one of "returned", "threw", "died", "running"',
      ran({ ended: 'done' as never }),
    ],
    [
      'option "settled[0].key" is 1; it must be a string',
      { operations: [], runs: [], settled: [{ key: 1, value: 2 }] },
    ],
  ])('%s', (message, history) => {
    expect(() => checkHistory(history as History)).toThrow(`checkHistory(history): ${message}`)
  })

  test('further members of a record belong to the user', () => {
    const operations = [{ ...created(), traceId: 'x' }]
    expect(checkHistory({ operations, runs: [run()] })).toEqual([])
  })
})
