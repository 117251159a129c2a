import type { RecordKey } from '../../lib/core/identity/record-key.ts'
import { millis } from '../../lib/core/time.ts'
import type { IdempotencyEvent } from '../../lib/index.ts'
import type { Seen, SeenInside, SeenOutside } from '../../local/functions/seen.ts'
import { type Lane, laneOf } from '../../local/page/lane.ts'
import { createTimeline } from '../../local/page/timeline.ts'

type Told = SeenOutside | (SeenInside extends infer T ? (T extends unknown ? Omit<T, 'at'> : never) : never)

/** What is seen of an invocation, each at its time in milliseconds. */
const seen = (...told: readonly (readonly [at: number, what: Told])[]): readonly Seen[] =>
  told.map(([at, what]) => ({ ...what, at, invocation: 'i-1' }) as Seen)

const HTTP = {
  headers: { 'idempotency-key': 'order-1' },
  requestContext: { http: { method: 'POST', path: '/payments' } },
}
const BEGAN: Told = { type: 'began', functionName: 'create-payment', event: HTTP }
const RUNNING: Told = { type: 'running' }

const recordKey = 'payments#a' as RecordKey
const about = { operation: 'payments', recordKey, attempt: 1, generation: 1 }
const event = (given: Record<string, unknown>, of: object = about): Told => ({
  type: 'event',
  event: { ...of, ...given } as unknown as IdempotencyEvent,
})
const CLAIMED = event({ type: 'claimed', claimMillis: millis(8) })
const COMPLETED = event({ type: 'completed', status: 'SUCCEEDED', replayable: true })

const called = (call: number, to: 'database' | 'other', name: string): Told => ({ type: 'called', call, to, name })
const answered = (call: number, failed = false): Told => ({ type: 'answered', call, failed })
const returned = (statusCode: number, headers: object = {}, body = '{}'): Told => ({
  type: 'ended',
  invoked: { kind: 'returned', result: { statusCode, headers, body } },
})

const lane = (...told: readonly (readonly [at: number, what: Told])[]): Lane => laneOf(1, seen(...told))

const shown = ({ bars }: Lane): readonly string[] => bars.map(({ kind, from, to }) => `${kind} ${from}-${to ?? ''}`)

test('A run has a bar for its claim, its run, each of its effects, and its settling.', () => {
  const run = lane(
    [100, BEGAN],
    [101, RUNNING],
    [102, called(1, 'database', 'UpdateItem')],
    [110, answered(1)],
    [110, CLAIMED],
    [111, called(2, 'other', 'POST /charges')],
    [131, answered(2)],
    [132, called(3, 'database', 'PutItem')],
    [139, answered(3)],
    [140, called(4, 'database', 'UpdateItem')],
    [148, answered(4)],
    [149, COMPLETED],
    [150, returned(201, { 'Idempotency-Status': 'created' })],
  )
  expect(run).toMatchObject({ title: 'POST /payments', key: 'order-1', recordKey, from: 100, to: 150 })
  expect(shown(run)).toEqual(['claim 102-110', 'run 110-140', 'settle 140-149', 'effect 111-131', 'effect 132-139'])
  expect(run.steps).toEqual([
    'claimed the key (8 ms)',
    'called the provider (POST /charges, 20 ms)',
    'stored the answer',
  ])
  expect(run.end).toEqual({ text: '201 created', tone: 'good' })
})

test('A request that runs nothing has a bar for its look at the store only, and its end names the problem.', () => {
  const refused = lane(
    [100, BEGAN],
    [100, RUNNING],
    [101, called(1, 'database', 'UpdateItem')],
    [109, answered(1)],
    [110, event({ type: 'conflicted', retryAfterSeconds: 9 })],
    [111, returned(409, {}, JSON.stringify({ code: 'in-progress' }))],
  )
  expect(shown(refused)).toEqual(['claim 101-110'])
  expect(refused.steps).toEqual(['another one has the key: ran nothing'])
  expect(refused.end).toEqual({ text: '409 in-progress', tone: 'refused' })
})

test('The bars of a process that dies end with it, and its call has no answer.', () => {
  const died = lane(
    [100, BEGAN],
    [100, RUNNING],
    [110, CLAIMED],
    [112, called(1, 'other', 'POST /charges')],
    [120, { type: 'ended', invoked: { kind: 'died' } }],
  )
  expect(shown(died)).toEqual(['claim 102-110', 'run 110-120', 'effect 112-120'])
  expect(died.steps).toContain('called the provider (POST /charges, 8 ms, no answer)')
  expect(died.end).toEqual({ text: 'the process died: 500', tone: 'bad' })
})

test('The bars of an invocation that goes on have no end.', () => {
  const running = lane([100, BEGAN], [100, RUNNING], [110, CLAIMED], [112, called(1, 'other', 'POST /charges')])
  expect(shown(running)).toEqual(['claim 102-110', 'run 110-', 'effect 112-'])
  expect([running.to, running.end]).toEqual([undefined, undefined])
})

test('A process that has to start first has a bar for that.', () => {
  const started = lane([100, BEGAN], [600, RUNNING], [610, CLAIMED], [620, COMPLETED], [621, returned(200)])
  expect(shown(started)[0]).toBe('start 100-600')
  expect(started.steps[0]).toBe('a new process started in 500 ms')
})

test('A batch has the bars of each of its records.', () => {
  const other = { ...about, recordKey: 'orders#b' }
  const batch = lane(
    [100, { type: 'began', functionName: 'process-orders', event: { Records: [{}, {}] } }],
    [100, RUNNING],
    [110, CLAIMED],
    [112, event({ type: 'claimed', claimMillis: 10 }, other)],
    [120, COMPLETED],
    [125, event({ type: 'completed', status: 'SUCCEEDED', replayable: false }, other)],
    [126, { type: 'ended', invoked: { kind: 'returned', result: { batchItemFailures: [] } } }],
  )
  expect(batch.title).toBe('process-orders: 2 messages')
  expect(shown(batch).filter((bar) => bar.startsWith('run'))).toEqual(['run 110-120', 'run 112-125'])
  expect(batch.end).toEqual({ text: 'done', tone: 'good' })
})

test.each([
  [
    { type: 'tookOver', reason: 'abandoned', claimMillis: 4, attempt: 2 },
    'took over the abandoned record: attempt 2 (4 ms)',
  ],
  [{ type: 'replayed' }, 'found the stored answer: ran nothing'],
  [{ type: 'mismatched' }, 'the key has another body: ran nothing'],
  [{ type: 'outcomeUnknown' }, 'the record waits for a person: ran nothing'],
  [{ type: 'released' }, 'released the key: nothing was done'],
  [{ type: 'abandoned', lastError: 'TypeError' }, 'gave the key up in doubt (TypeError)'],
  [{ type: 'reconciled', decision: 'done' }, 'asked the provider what happened: done'],
  [{ type: 'lost', gone: false }, 'had lost the key to another invocation'],
  [{ type: 'storeFailed', step: 'claim', error: 'TimeoutError' }, 'could not reach the store (claim)'],
  [{ type: 'unstored' }, 'could not store the answer'],
])('The event %p is told as: %s', (given, words) => {
  expect(lane([100, BEGAN], [100, RUNNING], [110, event(given)]).steps).toEqual([words])
})

describe('The timeline', () => {
  const invocation = (id: string, from: number, to: number): readonly Seen[] => [
    { ...BEGAN, invocation: id, at: from } as Seen,
    { ...returned(200), invocation: id, at: to } as Seen,
  ]

  test('puts invocations that overlap, or follow each other at once, into one group.', () => {
    const { watch, lanes } = createTimeline()
    const [a, b, c, d] = [
      invocation('a', 0, 100),
      invocation('b', 50, 200),
      invocation('c', 300, 400),
      invocation('d', 1_000, 1_050),
    ]
    for (const one of [a[0], b[0], a[1], b[1], ...c, ...d] as readonly Seen[]) watch(one)
    expect(lanes().map(({ id, group }) => [id, group])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 0],
      ['d', 1],
    ])
  })

  test('tells followers each change, until they stop, and keeps the newest sixty lanes.', () => {
    const { watch, lanes, follow } = createTimeline()
    const told: string[] = []
    const stop = follow(({ id, end }) => told.push(`${id} ${end?.text ?? 'runs'}`))
    for (const one of invocation('a', 0, 1)) watch(one)
    expect(told).toEqual(['a runs', 'a 200'])
    stop()
    for (let at = 0; at < 60; at++) for (const one of invocation(`b-${at}`, at, at)) watch(one)
    expect(told).toHaveLength(2)
    expect(lanes()).toHaveLength(60)
    expect(lanes()[0]?.id).toBe('b-0')
  })
})
