import { type ClaimRequest, timesOf } from '../../lib/core/lifecycle/request.ts'
import { run } from '../../lib/core/lifecycle/run.ts'
import type { RunResult } from '../../lib/core/lifecycle/run-result.ts'
import { type CommonOptions, readSettings } from '../../lib/core/options.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { DeadlinePassed, type Runtime, steadyClock } from '../../lib/core/runtime.ts'
import { epochMillis, fromSeconds, later, type Millis, millis } from '../../lib/core/time.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { claimsAt } from '../../lib/testing/claims.ts'
import { aFingerprint, aRecordKey, unhurried } from '../support/claims.ts'
import { fakeRuntime } from '../support/fake-runtime.ts'

const RECORD_KEY = aRecordKey()
const hangs = (): Promise<never> => new Promise(() => {})

/** A host whose clock is set while it works. Its timers and the store use the true time. */
const host = () => {
  const inner = fakeRuntime()
  const { clock } = inner
  let off = millis(0)
  const runtime: Runtime = {
    ...inner,
    now: () => later(clock.now(), off),
    monotonic: () => clock.now() as number as Millis,
    withDeadline: async (span, call) => {
      const answered = await Promise.race([
        call(new AbortController().signal).then((answer) => ({ answer })),
        new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
      ])
      if (answered !== undefined) return answered.answer
      clock.advance(span)
      throw new DeadlinePassed('hangs')
    },
  }
  return {
    runtime,
    clock,
    beat: inner.beat,
    start: clock.now(),
    step: (seconds: number): void => {
      off = millis(off + fromSeconds(seconds))
    },
  }
}

const play = (
  store: Store,
  runtime: Runtime,
  remaining: number,
  handler: () => unknown,
  { wait, ...options }: Partial<CommonOptions> & Pick<ClaimRequest, 'wait'> = {},
): Promise<RunResult<unknown>> =>
  run(
    readSettings('test', { store, operation: 'payments', runtime, ...options }),
    {
      recordKey: RECORD_KEY,
      fingerprint: aFingerprint(),
      ...timesOf({ getRemainingTimeInMillis: () => remaining }, runtime),
      wait,
    },
    {
      handler,
      endingOfValue: () => ({ kind: 'complete', status: 'SUCCEEDED', outcome: { kind: 'none' } }),
      endingOfError: () => ({ kind: 'abandon' }),
    },
  )

describe.each([-60, -3_600])('a host whose clock steps by %i s', (seconds) => {
  test('E5: it waits for another run no longer than waitSeconds', async () => {
    const { runtime, clock, start, step } = host()
    const store = memoryStore({ now: clock.now })
    await store.claim(claimsAt(start).claim({ recordKey: RECORD_KEY }), unhurried)
    let pauses = 0
    const sleep: Runtime['sleep'] = async (span) => {
      await runtime.sleep(span)
      if (++pauses === 3) step(seconds)
    }
    const ran = await play(store, { ...runtime, sleep }, 4_000, () => 'ran', { wait: fromSeconds(2) })
    expect(ran).toMatchObject({ kind: 'refused', error: { code: 'in-progress' } })
    expect(clock.now() - start).toBeLessThanOrEqual(2_000)
  })

  test('C3: it tries to store the outcome no longer than its invocation lasts', async () => {
    const { runtime, clock, start, step } = host()
    const store: Store = { ...memoryStore({ now: clock.now }), settle: hangs }
    const ran = await play(store, runtime, 3_000, () => step(seconds))
    expect(ran).toMatchObject({ kind: 'answered', status: 'unstored' })
    expect(clock.now() - start).toBeLessThanOrEqual(3_000)
  })

  test('C16: it keeps its lease by renewals that the store accepts', async () => {
    const { runtime, clock, beat, step } = host()
    const store = memoryStore({ now: clock.now })
    const ran = await play(
      store,
      runtime,
      900_000,
      async () => {
        step(seconds)
        for (let times = 0; times < 6; times++) {
          clock.advance(10_000)
          await beat()
        }
        expect(store.read(RECORD_KEY)).toMatchObject({ leaseExpiresAt: clock.now() + 30_000 })
      },
      { heartbeat: { leaseSeconds: 30 } },
    )
    expect(ran).toMatchObject({ status: 'completed' })
  })
})

test('B8: a host that slept while it claimed does not start its handler', async () => {
  const { runtime, clock, step } = host()
  const inner = memoryStore({ now: clock.now })
  const store: Store = {
    ...inner,
    claim: (wanted, signal) => {
      step(10) // a monotonic clock may stop while the host sleeps
      return inner.claim(wanted, signal)
    },
  }
  const ran = await play(store, runtime, 3_000, () => 'ran')
  expect(ran).toMatchObject({ kind: 'refused', error: { code: 'idempotency-unavailable' } })
})

describe('the steady clock', () => {
  const clocks = () => {
    const at = { wall: 1_000_000, spent: 10.25 }
    const now = () => epochMillis(at.wall)
    return { at, now, monotonic: () => millis(at.spent) }
  }

  test('it goes on as before when the host’s clock steps back', () => {
    const { at, ...runtime } = clocks()
    const now = steadyClock({ ...fakeRuntime(), ...runtime })
    expect(now()).toBe(1_000_000)
    at.wall -= 60_000
    at.spent += 500.5
    expect(now()).toBe(1_000_500)
  })

  test('it follows when the host’s clock steps forward, and not when it steps back again', () => {
    const { at, ...runtime } = clocks()
    const now = steadyClock({ ...fakeRuntime(), ...runtime })
    now()
    at.wall += 60_000
    expect(now()).toBe(1_060_000)
    at.wall -= 60_000
    at.spent += 1
    expect(now()).toBe(1_060_001)
  })

  test('it is the host’s clock if there is no monotonic one', () => {
    const { at, now: wall } = clocks()
    const now = steadyClock({ ...fakeRuntime(), now: wall })
    at.wall -= 60_000
    expect(now()).toBe(940_000)
  })
})
