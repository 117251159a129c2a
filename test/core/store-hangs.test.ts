import { type ClaimRequest, timesOf } from '../../lib/core/lifecycle/request.ts'
import { run } from '../../lib/core/lifecycle/run.ts'
import { readSettings } from '../../lib/core/options.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { DeadlinePassed, type Runtime } from '../../lib/core/runtime.ts'
import { fromSeconds, later, millis } from '../../lib/core/time.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { claimsAt } from '../../lib/testing/claims.ts'
import { aFingerprint, aRecordKey, unhurried } from '../support/claims.ts'
import { fakeRuntime } from '../support/fake-runtime.ts'

const RECORD_KEY = aRecordKey()

/** The time that the answer to the caller needs. */
const ANSWERING = 100

/** Time passes only during a pause, and while a call to the store hangs. */
const waitingRuntime = (): ReturnType<typeof fakeRuntime> => {
  const runtime = fakeRuntime()
  const withDeadline: Runtime['withDeadline'] = async (span, call) => {
    const answered = await Promise.race([
      call(new AbortController().signal).then((answer) => ({ answer })),
      new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
    ])
    if (answered !== undefined) return answered.answer
    runtime.clock.advance(span)
    throw new DeadlinePassed('hangs')
  }
  return { ...runtime, withDeadline }
}

const hangs = (): Promise<never> => new Promise(() => {})

const HANGING: Partial<Store> = { claim: hangs, takeOver: hangs, settle: hangs, peek: hangs }

/** The time that is left when the caller has its answer. */
const leftAfter = async (
  store: Store,
  runtime: ReturnType<typeof fakeRuntime>,
  remaining: number,
  how: Partial<ClaimRequest>,
): Promise<number> => {
  const deadline = later(runtime.now(), millis(remaining))
  const request: ClaimRequest = {
    recordKey: RECORD_KEY,
    fingerprint: aFingerprint(),
    ...timesOf({ getRemainingTimeInMillis: () => remaining }, runtime),
    ...how,
  }
  const ran = await run(readSettings('test', { store, operation: 'payments', runtime }), request, {
    handler: () => 'ran',
    endingOfValue: () => ({ kind: 'complete', status: 'SUCCEEDED', outcome: { kind: 'none' } }),
    endingOfError: () => ({ kind: 'abandon' }),
  })
  expect(ran.kind).toBe('refused')
  return deadline - runtime.now()
}

describe('E5: a store that hangs is given up while the caller can still be answered', () => {
  test.each([700, 1_000, 2_000, 2_300, 2_600, 10_000])('with %i ms left', async (remaining) => {
    const runtime = waitingRuntime()
    expect(await leftAfter({ ...memoryStore(), ...HANGING }, runtime, remaining, {})).toBeGreaterThanOrEqual(ANSWERING)
  })

  test.each([900, 1_000, 2_300, 10_000])('with %i ms left, after a peek', async (remaining) => {
    const runtime = waitingRuntime()
    const store = { ...memoryStore(), ...HANGING }
    expect(await leftAfter(store, runtime, remaining, { peekFirst: true })).toBeGreaterThanOrEqual(ANSWERING)
  })

  test.each([false, true])('after a wait for another run; with a peek: %p', async (peekFirst) => {
    const runtime = waitingRuntime()
    const inner = memoryStore({ now: runtime.now })
    await inner.claim(claimsAt(runtime.now()).claim({ recordKey: RECORD_KEY }), unhurried)
    let looks = 0
    const deadline = later(runtime.now(), millis(3_000))
    const isLate = (): boolean => deadline - runtime.now() < 1_300
    const store: Store = {
      ...inner,
      // One peek just before the wait ends finds no record, and then the store answers no more.
      peek: (recordKey, signal) => {
        looks++
        return isLate() ? Promise.resolve(undefined) : inner.peek(recordKey, signal)
      },
      claim: (claim, signal) => (isLate() ? hangs() : inner.claim(claim, signal)),
      settle: hangs,
    }
    const left = await leftAfter(store, runtime, 3_000, { peekFirst, wait: fromSeconds(25) })
    expect(looks).toBeGreaterThan(1)
    expect(left).toBeGreaterThanOrEqual(ANSWERING)
  })
})

describe('E11: a store that hangs is given up', () => {
  test.each([false, true])('within 2.5 s; with a peek: %p', async (peekFirst) => {
    const runtime = waitingRuntime()
    const left = await leftAfter({ ...memoryStore(), ...HANGING }, runtime, 30_000, { peekFirst })
    expect(30_000 - left).toBeLessThanOrEqual(2_500)
  })

  test('within 2.5 s if only the claim hangs, after a slow peek', async () => {
    const runtime = waitingRuntime()
    const peek = async (): Promise<undefined> => {
      runtime.clock.advance(499)
      return undefined
    }
    const left = await leftAfter({ ...memoryStore(), ...HANGING, peek }, runtime, 30_000, { peekFirst: true })
    expect(30_000 - left).toBeLessThanOrEqual(2_500)
  })
})
