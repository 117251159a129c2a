import { deriveFingerprint } from '../../lib/core/identity/fingerprint.ts'
import { deriveRecordKey } from '../../lib/core/identity/record-key.ts'
import { type ClaimRequest, timesOf } from '../../lib/core/lifecycle/request.ts'
import { run } from '../../lib/core/lifecycle/run.ts'
import type { RunResult } from '../../lib/core/lifecycle/run-result.ts'
import { readSettings } from '../../lib/core/options.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { systemRuntime } from '../../lib/core/runtime.ts'
import { fromSeconds } from '../../lib/core/time.ts'
import { StoreUnavailableError } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'

const request: ClaimRequest = {
  recordKey: deriveRecordKey({ operation: 'payments', tenant: 'a', key: 'k' }),
  fingerprint: deriveFingerprint([{ kind: 'text', text: 'payload' }]),
  ...timesOf(undefined, systemRuntime),
}

const down = (): Promise<never> => Promise.reject(new StoreUnavailableError('throttled'))

const attempt = (store: Store, how: Partial<ClaimRequest>, handler: () => unknown): Promise<RunResult<unknown>> =>
  run(
    readSettings('test', { store, operation: 'payments', storeDown: 'dangerouslyRunUnprotected' }),
    { ...request, ...how },
    {
      handler,
      endingOfValue: () => ({ kind: 'complete', status: 'SUCCEEDED', outcome: { kind: 'none' } }),
      endingOfError: () => ({ kind: 'abandon' }),
    },
  )

const charge = () => {
  let charges = 0
  return { charge: () => void charges++, charges: () => charges }
}

const UNAVAILABLE = { kind: 'refused', error: { code: 'idempotency-unavailable' } }

describe('E11: under dangerouslyRunUnprotected a handler does not run if another run of its key is known', () => {
  test('it runs unprotected if no other run is known', async () => {
    const { charge: once, charges } = charge()
    expect(await attempt({ ...memoryStore(), claim: down }, {}, once)).toMatchObject({ status: 'unprotected' })
    expect(charges()).toBe(1)
  })

  test('it does not run after an abandoned run, whose effect is in doubt', async () => {
    const store = memoryStore()
    await expect(attempt(store, {}, () => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
    const { charge: again, charges } = charge()
    expect(await attempt({ ...store, takeOver: down }, {}, again)).toMatchObject(UNAVAILABLE)
    expect(charges()).toBe(0)
  })

  test('it does not run if a peek has found a held claim', async () => {
    const store = memoryStore()
    const second = charge()
    await attempt(store, {}, async () => {
      const late = await attempt({ ...store, claim: down }, { peekFirst: true }, second.charge)
      expect(late).toMatchObject(UNAVAILABLE)
    })
    expect(second.charges()).toBe(0)
  })

  test('it does not run if it finds an outcome while it gives up its own claim', async () => {
    const store = memoryStore()
    await attempt(store, {}, () => 'done')
    const { charge: again, charges } = charge()
    expect(await attempt({ ...store, claim: down }, {}, again)).toMatchObject(UNAVAILABLE)
    expect(charges()).toBe(0)
  })

  test('it does not run if another write held the item during the claim', async () => {
    const store = memoryStore()
    const { charge: again, charges } = charge()
    const contended: Store = { ...store, claim: async () => ({ kind: 'contended' }), settle: down }
    const answer = await attempt(contended, {}, again)
    expect(answer).toMatchObject({ kind: 'refused', error: { code: 'in-progress' } })
    expect(charges()).toBe(0)
  })

  test('it does not run if it has waited for another run', async () => {
    const store = memoryStore()
    const second = charge()
    let claims = 0
    const flaky: Store = { ...store, claim: (...args) => (++claims === 1 ? store.claim(...args) : down()) }
    let waiting: Promise<RunResult<unknown>> | undefined
    await attempt(store, {}, async () => {
      waiting = attempt(flaky, { wait: fromSeconds(5) }, second.charge)
      while (claims === 0) await new Promise(setImmediate)
    })
    expect(await waiting).toMatchObject(UNAVAILABLE)
    expect(claims).toBe(2)
    expect(second.charges()).toBe(0)
  })
})
