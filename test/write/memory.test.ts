import { setTimeout as sleep } from 'node:timers/promises'
import { cached } from '../../lib/cached/index.ts'
import { DeadlinePassed, type Runtime } from '../../lib/core/runtime.ts'
import { type OnceRequest, once, type Store, StoreUnavailableError } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { onceWrite, type Plan, type RefusalReason, type TransactItem } from '../../lib/write/index.ts'
import { type FakeRuntime, fakeRuntime } from '../support/fake-runtime.ts'
import { counting } from '../support/http-harness.ts'
import { said } from './writing.ts'

let count = 0
const aRequest = (): OnceRequest => ({ key: `k-${++count}`, tenant: 't', payload: 1 })

const plan = (): Plan => ({
  items: [{ Put: { id: 1 } }],
  answer: { ordered: 1 },
  refused: (reasons) => ({ refused: reasons }),
})

interface Subject {
  readonly rows: TransactItem[]
  readonly calls: readonly string[]
  readonly runtime: FakeRuntime
  readonly store: Store
}

const subject = (answer: () => readonly (RefusalReason | undefined)[] | undefined = () => undefined): Subject => {
  const runtime = fakeRuntime({ name: `memory-${++count}` })
  const rows: TransactItem[] = []
  const transact = (items: readonly TransactItem[]) => {
    const reasons = answer()
    if (reasons === undefined) rows.push(...items)
    return reasons
  }
  const { store, calls } = counting(memoryStore({ now: runtime.now, transact }))
  return { rows, calls, runtime, store }
}

const writer = ({ store, runtime }: Pick<Subject, 'store' | 'runtime'>) =>
  onceWrite({ store, runtime, operation: 'orders' })

describe('A memory store with a stand-in for your tables', () => {
  test('I31 writes once, and replays', async () => {
    const made = subject()
    const request = aRequest()
    const told = await Promise.all(Array.from({ length: 100 }, () => said(writer(made)(request, plan))))
    expect(told.toSorted()).toEqual(['created ordered', ...Array(99).fill('replayed ordered')])
    expect(made.rows).toHaveLength(1)
  })

  test('refuses with the reasons of the stand-in, and stores nothing', async () => {
    const made = subject(() => [{ code: 'ConditionalCheckFailed' }])
    const request = aRequest()
    const { value } = await writer(made)(request, plan)
    expect(value).toEqual({ refused: [{ code: 'ConditionalCheckFailed' }] })
    expect(made.calls).toEqual(['commit'])
    expect(await said(writer(subject())(request, plan))).toBe('created ordered')
  })

  test('replaces a record that is released or expired, and no other', async () => {
    const made = subject()
    const { runtime, store } = made
    const request = aRequest()
    const run = once({ store, runtime, operation: 'orders' })
    await run(request, () => 1)
    expect(await said(writer(made)(request, plan))).toBe('replayed ')
    runtime.clock.advance(86_400_000)
    expect(await said(writer(made)(request, plan))).toBe('created ordered')
    expect(made.rows).toHaveLength(1)
  })

  test('without a stand-in a write is a TypeError that names the option', async () => {
    const runtime = fakeRuntime()
    const told = await said(writer({ store: memoryStore({ now: runtime.now }), runtime })(aRequest(), plan))
    expect(told).toBe(
      'TypeError: memoryStore(options): a transaction needs the option transact, which stands in for your tables',
    )
  })
})

describe('A cached store', () => {
  const cachedSubject = () => {
    const made = subject()
    return { ...made, store: cached(made.store, { runtime: made.runtime }) }
  }

  test('replays what its process has written, or met, without a call', async () => {
    const made = cachedSubject()
    const request = aRequest()
    for (const word of ['created', 'replayed', 'replayed'])
      expect(await said(writer(made)(request, plan))).toBe(`${word} ordered`)
    expect(made.calls).toEqual(['commit'])
    const other = { ...made, store: cached(made.store) }
    expect(await said(writer(other)(request, plan))).toBe('replayed ordered')
    expect(made.calls).toEqual(['commit'])
  })

  test('replays what another entry has completed', async () => {
    const made = cachedSubject()
    const request = aRequest()
    await once({ store: made.store, runtime: made.runtime, operation: 'orders' })(request, () => ({ ran: 1 }))
    const before = made.calls.length
    expect(await said(writer(made)(request, plan))).toBe('replayed ran')
    expect(made.calls).toHaveLength(before)
    expect(await said(writer(made)({ ...request, payload: 2 }, plan))).toBe('key-reused')
  })

  test('asks the store again once the record has expired', async () => {
    const made = cachedSubject()
    const request = aRequest()
    await writer(made)(request, plan)
    made.runtime.clock.advance(86_400_000)
    expect(await said(writer(made)(request, plan))).toBe('created ordered')
    expect(made.rows).toHaveLength(2)
    expect(await said(writer(made)(request, plan))).toBe('replayed ordered')
    expect(made.calls).toEqual(['commit', 'commit', 'commit'])
  })
})

/** A store that never answers, on a clock that moves by the time that each call is given. */
const silent = () => {
  const { store, runtime } = subject()
  const never = () => new Promise<never>(() => {})
  const spans: number[] = []
  const waiting: Runtime = {
    ...runtime,
    withDeadline: async (span) => {
      spans.push(span)
      runtime.clock.advance(span)
      throw new DeadlinePassed(`No answer within ${span} ms`)
    },
  }
  return {
    spans,
    clock: runtime.clock,
    write: onceWrite({
      store: { ...store, commit: never, claim: never, settle: never, takeOver: never },
      runtime: waiting,
      operation: 'orders',
    }),
  }
}

describe('A store that does not answer is given up', () => {
  test.each([
    ['without a context', undefined, 2_500],
    ['with much time left', 30_000, 2_500],
    ['with a second left', 1_000, 1_000],
  ])('%s, within the time that its caller waits', async (_, left, most) => {
    const { write, clock, spans } = silent()
    const start = clock.now()
    const context = left === undefined ? {} : { context: { getRemainingTimeInMillis: () => left } }
    expect(await said(write({ ...aRequest(), ...context }, plan))).toBe('idempotency-unavailable')
    expect(clock.now() - start).toBeLessThanOrEqual(most)
    expect(spans[0]).toBe(left === 1_000 ? 500 : 2_000)
  })
})

test('I32 a store that answers neither the first send nor the fence gets 503, whatever the second send says', async () => {
  const made = subject(() => [{ code: 'ConditionalCheckFailed' }])
  const { commit } = made.store
  let sends = 0
  const store: Store = {
    ...made.store,
    commit: (...given) => (++sends === 1 ? Promise.reject(new StoreUnavailableError('lost')) : commit(...given)),
    claim: () => Promise.reject(new StoreUnavailableError('lost')),
  }
  let answers = 0
  const asked = (): Plan => ({ ...plan(), refused: () => ++answers }) as Plan
  expect(await said(writer({ ...made, store })(aRequest(), asked))).toBe('idempotency-unavailable')
  expect([sends, answers]).toEqual([2, 0])
})

test('I32 a host whose clock is behind by more than the retention still recognises what its own call has written', async () => {
  const made = subject()
  made.runtime.clock.advance(2_000_000)
  const store: Store = {
    ...made.store,
    commit: async (...given) => {
      await made.store.commit(...given)
      throw new StoreUnavailableError('the answer is lost')
    },
  }
  const write = onceWrite({
    store,
    runtime: fakeRuntime({ name: 'behind' }),
    operation: 'orders',
    retentionSeconds: 1_501,
  })
  expect(await said(write(aRequest(), plan))).toBe('replayed ordered')
  expect(made.rows).toHaveLength(1)
})

test('I31 plans of one key run at the same time, and only one is written', async () => {
  const made = subject()
  const request = aRequest()
  let running = 0
  let most = 0
  const slow = async () => {
    most = Math.max(most, ++running)
    await sleep(20)
    running--
    return plan()
  }
  await Promise.all(Array.from({ length: 5 }, () => writer(made)(request, slow)))
  expect([most, made.rows.length]).toEqual([5, 1])
})
