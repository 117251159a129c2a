import type { Settlement } from '../../lib/core/record/store.ts'
import { NotDoneError, type OnceOptions, once, StoreUnavailableError } from '../../lib/index.ts'
import { type MemoryStore, memoryStore } from '../../lib/memory/index.ts'
import { type TestRuntime, testRuntime } from '../../lib/testing/index.ts'
import { gate } from '../support/http-harness.ts'

const REQUEST = { key: 'k', tenant: 'm', payload: 1 }
const never = (): Promise<never> => new Promise(() => {})

const remaining = (span: number) => ({ context: { getRemainingTimeInMillis: () => span } })

/** One clock, and one store that records the end of each lease that is requested. */
const scene = (over: Partial<TestRuntime> = {}) => {
  const runtime = { ...testRuntime(), ...over }
  const store = memoryStore({ now: runtime.now })
  const leases: number[] = []
  const { claim, renew } = store
  store.claim = (wanted, signal) => {
    leases.push(wanted.leaseExpiresAt)
    return claim(wanted, signal)
  }
  store.renew = (held, renewal, signal) => {
    leases.push(renewal.leaseExpiresAt)
    return renew(held, renewal, signal)
  }
  const host = (options: Partial<OnceOptions> = {}) => once({ store, operation: 'payments', runtime, ...options })
  return { clock: runtime.clock, store, leases, host, start: runtime.now() }
}

/** Holds up settlements until the gate opens. */
const slowSettle = (store: MemoryStore) => {
  const begun = gate()
  const { opened, open } = gate()
  const kinds: Settlement['kind'][] = []
  const { settle } = store
  store.settle = async (claim, settlement, signal) => {
    kinds.push(settlement.kind)
    begun.open()
    await opened
    return settle(claim, settlement, signal)
  }
  return { begun: begun.opened, open, kinds }
}

const refused = () => {
  throw new NotDoneError('out of stock')
}
const broken = () => {
  throw new RangeError('connection lost')
}

test('a handler that never ends keeps no timer after the last lease', async () => {
  const timers = new Set<object>()
  const inner = testRuntime()
  const { clock, host } = scene({
    ...inner,
    repeat: (every, run) => {
      const timer = {}
      timers.add(timer)
      const stop = inner.repeat(every, run)
      return () => {
        timers.delete(timer)
        stop()
      }
    },
  })
  void host()(REQUEST, never)
  await clock.advance(880)
  expect(timers.size).toBeGreaterThan(0)
  await clock.advance(120)
  expect(timers.size).toBe(0)
})

describe('C16: a heartbeat renews until the settle has ended', () => {
  test.each<[Settlement['kind'], () => unknown]>([
    ['completed', () => 'A'],
    ['released', refused],
  ])('C16: no other invocation takes over a record that is slowly %s', async (kind, run) => {
    const { clock, store, host } = scene()
    const { begun, open, kinds } = slowSettle(store)
    const asked = { ...REQUEST, ...remaining(900_000) }
    const owner = Promise.allSettled([host({ heartbeat: { leaseSeconds: 15 } })(asked, run)])
    await begun
    for (let times = 0; times < 4; times++) {
      await clock.advance(10)
      await expect(host()(asked, () => 'B')).rejects.toMatchObject({ code: 'in-progress' })
    }
    open()
    expect((await owner)[0].status).toBe(kind === 'completed' ? 'fulfilled' : 'rejected')
    expect(kinds).toEqual([kind])
  })

  test('C16: an abandon stops the heartbeat first', async () => {
    const { clock, store, leases, host } = scene()
    const { begun, open, kinds } = slowSettle(store)
    const asked = { ...REQUEST, ...remaining(900_000) }
    const owner = Promise.allSettled([host({ heartbeat: { leaseSeconds: 15 } })(asked, broken)])
    await begun
    await clock.advance(14)
    expect(leases).toHaveLength(1)
    open()
    await owner
    expect(kinds).toEqual(['abandoned'])
  })

  test.each(['gone', 'lapsed'])(
    'C16: the signal of a handler that has ended does not abort when its claim is %s',
    async (how) => {
      const { clock, store, host } = scene()
      const { begun, open } = slowSettle(store)
      const asked = { ...REQUEST, ...remaining(900_000) }
      let signal: AbortSignal | undefined
      const owner = host({ heartbeat: { leaseSeconds: 15 } })(asked, (claim) => {
        signal = claim?.signal
        return 'A'
      })
      await begun
      store.renew = async () => {
        if (how === 'gone') return { kind: 'lost' }
        throw new StoreUnavailableError('throttled')
      }
      await clock.advance(20)
      expect(signal?.aborted).toBe(false)
      open()
      await owner
    },
  )

  test('C16: after a completion that could not be stored, the heartbeat renews no more', async () => {
    const { clock, store, leases, host } = scene()
    store.settle = async () => {
      throw new StoreUnavailableError('throttled')
    }
    const asked = { ...REQUEST, ...remaining(900_000) }
    const ran = await host({ heartbeat: { leaseSeconds: 15 } })(asked, () => 'A')
    expect(ran.status).toBe('unstored')
    const renewed = leases.length
    await clock.advance(60)
    expect(leases).toHaveLength(renewed)
  })
})

const SPANS = [undefined, 5, 60, 900] as const

describe('C16, B1: a lease never outlives its invocation by more than 1 s', () => {
  test.each(SPANS.flatMap((leaseSeconds) => [1, 3_000, 20_000, 300_000].map((left) => [leaseSeconds, left] as const)))(
    'C16: with leaseSeconds %p and %i ms left',
    async (leaseSeconds, left) => {
      const { clock, leases, host, start } = scene()
      const options = leaseSeconds === undefined ? {} : { heartbeat: { leaseSeconds } }
      void host(options)({ ...REQUEST, ...remaining(left) }, never)
      await clock.advance(400)
      expect(Math.max(...leases)).toBe(start + left + 1_000)
      expect(leases).toEqual(leases.toSorted((a, b) => a - b))
      expect(await host()({ ...REQUEST, ...remaining(left) }, () => 'again')).toMatchObject({ value: 'again' })
    },
  )

  test('C16: a request that waited for its claim past the deadline gets 1 s, and no renewal', async () => {
    const { clock, leases, host, start } = scene()
    void host({ heartbeat: { leaseSeconds: 900 } })({ ...REQUEST, ...remaining(-5_000) }, never)
    await clock.advance(100)
    expect(leases).toEqual([start + 1_000])
  })
})

describe('C16: a heartbeat ends, also on a host that enforces no deadline', () => {
  const unbounded = () => scene({ enforcesDeadline: () => false })

  test.each(SPANS)(
    'C16: it ends 60 s after the remaining time of the context, with leaseSeconds %p',
    async (leaseSeconds) => {
      const { clock, leases, host, start } = unbounded()
      const options = leaseSeconds === undefined ? {} : { heartbeat: { leaseSeconds } }
      void host(options)({ ...REQUEST, ...remaining(100_000) }, never)
      await clock.advance(2_000)
      expect(Math.max(...leases)).toBe(start + 160_000)
    },
  )

  test.each(SPANS)('C16: it ends after 900 s without a context, with leaseSeconds %p', async (leaseSeconds) => {
    const { clock, leases, host, start } = unbounded()
    const options = leaseSeconds === undefined ? {} : { heartbeat: { leaseSeconds } }
    void host(options)(REQUEST, never)
    await clock.advance(2_000)
    expect(Math.max(...leases)).toBe(start + 900_000)
    expect(await host()(REQUEST, () => 'again')).toMatchObject({ value: 'again' })
  })
})

describe('the signal aborts no later than the lease ends', () => {
  const aborting = async (options: Partial<OnceOptions>, left: number) => {
    const one = scene()
    let signal: AbortSignal | undefined
    void one.host(options)({ ...REQUEST, ...remaining(left) }, (claim) => {
      signal = claim?.signal
      return never()
    })
    await one.clock.advance(0)
    return { clock: one.clock, isAborted: () => signal?.aborted }
  }

  test('it aborts at the latest end that the deadline allows', async () => {
    const { clock, isAborted } = await aborting({ heartbeat: { leaseSeconds: 15 } }, 20_000)
    await clock.advance(20.999)
    expect(isAborted()).toBe(false)
    await clock.advance(0.001)
    expect(isAborted()).toBe(true)
  })

  test('it aborts without a heartbeat too, for a handler that its host has abandoned', async () => {
    const { clock, isAborted } = await aborting({}, 20_000)
    await clock.advance(20.999)
    expect(isAborted()).toBe(false)
    await clock.advance(0.001)
    expect(isAborted()).toBe(true)
  })
})
