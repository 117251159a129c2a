import { reconcile } from '../../lib/effects/index.ts'
import { type IdempotencyError, NotDoneError, type OnceOptions, type OnceRequest, once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { fakeClock, fakeRuntime } from '../support/fake-runtime.ts'
import { aRequest, ending, LEASE, recordKeyOf, SKEW } from '../support/scene.ts'

const WITHIN = 3_600

/** One store and one clock; every attempt throws unless it says otherwise. */
const setUp = (options: Partial<OnceOptions> = {}) => {
  const clock = fakeClock()
  const store = memoryStore({ now: clock.now })
  const runtime = fakeRuntime({ clock })
  const operation = 'payments'
  const request = aRequest()
  const host = (over: Partial<OnceOptions> = {}) =>
    once({ store, operation, runtime, rerunWithinSeconds: WITHIN, ...options, ...over })
  const attempt = async (
    run: () => unknown,
    over: Partial<OnceOptions> = {},
    asked: Partial<OnceRequest> = {},
  ): Promise<unknown> => {
    const outcome = await ending(host(over)({ ...request, ...asked }, async () => run()))
    return 'value' in outcome ? outcome.value.status : ((outcome.error as IdempotencyError).code ?? outcome.error)
  }
  const fail = () =>
    attempt(() => {
      throw new Error('in doubt')
    })
  return { clock, store, request, attempt, fail, record: () => store.read(recordKeyOf(request)) }
}

/** The last moment at which a run with a whole lease still ends within the window. */
const LAST = WITHIN * 1_000 - LEASE - SKEW

test('I9 an abandoned record runs again while a whole lease fits into the window, and is held a moment later', async () => {
  for (const [after, outcome] of [
    [LAST, 'created'],
    [LAST + 1, 'outcome-unknown'],
    [365 * 86_400_000, 'outcome-unknown'],
  ] as const) {
    const { clock, attempt, fail } = setUp()
    await fail()
    clock.advance(after)
    expect(await attempt(() => 1)).toBe(outcome)
  }
})

test('I9 with a reconcile function it runs within the window, and is asked about after it', async () => {
  for (const [after, questions] of [
    [LAST, 0],
    [LAST + 1, 1],
  ] as const) {
    let asked = 0
    const abandoned = reconcile<OnceRequest>(() => {
      asked++
      return { rerun: true }
    })
    const { clock, attempt, fail } = setUp({ abandoned })
    await fail()
    clock.advance(after)
    expect(await attempt(() => 1)).toBe('created')
    expect(asked).toBe(questions)
  }
})

test('I9 the window begins with the generation, not with the record', async () => {
  const { clock, attempt, fail } = setUp()
  await attempt(() => {
    throw new NotDoneError('declined')
  })
  clock.advance(WITHIN * 1_000)
  await fail() // the first run of the next generation
  clock.advance(LAST)
  expect(await attempt(() => 1)).toBe('created')
})

test('I9 TTL does not sweep a record with a window: its keys must not be sent as those of a new one', async () => {
  const { attempt, fail, record, clock, store } = setUp()
  await fail()
  expect(record()).toMatchObject({ status: 'IN_PROGRESS', expiresAt: undefined })
  clock.advance(400 * 86_400_000)
  store.sweep()
  expect(await attempt(() => 1)).toBe('outcome-unknown')
})

test('I9 a heartbeat does not renew a claim in doubt past the window, and its signal aborts there', async () => {
  const { clock, fail, store, request } = setUp()
  await fail()
  clock.advance(LAST - 60_000)
  const runtime = fakeRuntime({ clock, name: 'beating' })
  const seen: (number | undefined)[] = []
  let aborted = false
  const host = once({
    store,
    operation: 'payments',
    runtime,
    rerunWithinSeconds: WITHIN,
    heartbeat: { leaseSeconds: 30 },
  })
  await host({ ...request, context: undefined }, async (claim) => {
    for (let beat = 0; beat < 12; beat++) {
      clock.advance(10_000)
      await runtime.beat()
      const record = store.read(recordKeyOf(request))
      seen.push(record?.status === 'IN_PROGRESS' ? record.leaseExpiresAt : undefined)
    }
    aborted = claim?.signal.aborted === true
  })
  const end = (store.read(recordKeyOf(request))?.createdAt ?? 0) + WITHIN * 1_000
  expect(Math.max(...seen.map((lease) => lease ?? 0))).toBe(end)
  expect(aborted).toBe(true)
})

test.each([59, 31_536_001, 90.5, '3600'])('I9 rerunWithinSeconds %p is refused', (rerunWithinSeconds) => {
  expect(() => setUp({ rerunWithinSeconds: rerunWithinSeconds as number }).attempt(() => 1)).rejects.toThrow(
    /"rerunWithinSeconds" is .*an integer from 60 to 31536000/,
  )
})

test('I9 rerunWithinSeconds is refused with "hold", which runs nothing again', () => {
  expect(() => once({ store: memoryStore(), operation: 'o', abandoned: 'hold', rerunWithinSeconds: 60 })).toThrow(
    /"rerunWithinSeconds" is 60; it must be absent under abandoned: "hold"/,
  )
})

test.each<[string, object, RegExp]>([
  [
    'the retention',
    { rerunWithinSeconds: 7_200, retentionSeconds: 7_199 },
    /"rerunWithinSeconds" is 7200; it must be at most retentionSeconds \(7199\): /,
  ],
  [
    'the default retention',
    { rerunWithinSeconds: 86_401 },
    /"rerunWithinSeconds" is 86401; it must be at most retentionSeconds \(86400 by default\): /,
  ],
])('I9 rerunWithinSeconds is refused if it is longer than %s', (_, options, message) => {
  expect(() => once({ store: memoryStore(), operation: 'o', ...options })).toThrow(message)
})

test('I9 rerunWithinSeconds may be as long as the retention', () => {
  const good = { store: memoryStore(), operation: 'o' }
  expect(() => once({ ...good, rerunWithinSeconds: 86_400 })).not.toThrow()
  expect(() => once({ ...good, rerunWithinSeconds: 7_200, retentionSeconds: 7_200 })).not.toThrow()
})

test('I9 the default retention of SQS has room for a longer window', () => {
  const good = { store: memoryStore(), operation: 'o', tenant: 'single-tenant', key: 'messageId' } as const
  expect(() => sqsHandler(() => {}, { ...good, rerunWithinSeconds: 1_296_000 })).not.toThrow()
  expect(() => sqsHandler(() => {}, { ...good, rerunWithinSeconds: 1_296_001 })).toThrow(
    /"rerunWithinSeconds" is 1296001; it must be at most retentionSeconds \(1296000 by default\): /,
  )
})
