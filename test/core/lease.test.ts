import { deriveFingerprint } from '../../lib/core/identity/fingerprint.ts'
import { deriveRecordKey } from '../../lib/core/identity/record-key.ts'
import { claimTerms } from '../../lib/core/lifecycle/lease.ts'
import { type ClaimRequest, timesOf } from '../../lib/core/lifecycle/request.ts'
import { type CommonOptions, readSettings } from '../../lib/core/options.ts'
import type { Claim } from '../../lib/core/record/claim.ts'
import type { Settings } from '../../lib/core/settings.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { fakeClock, fakeRuntime } from '../support/fake-runtime.ts'

const clock = fakeClock()
const NOW: number = clock.now()
const DAY = 86_400_000

const settings = (over: Partial<CommonOptions> = {}): Settings =>
  readSettings('test', { store: memoryStore(), operation: 'payments', runtime: fakeRuntime({ clock }), ...over })

const terms = (
  remaining: number | undefined,
  of: Settings = settings(),
): Pick<Claim, 'leaseExpiresAt' | 'expiresAt'> => {
  const context = remaining === undefined ? undefined : { getRemainingTimeInMillis: () => remaining }
  const request: ClaimRequest = {
    recordKey: deriveRecordKey({ operation: 'payments', tenant: 'm', key: 'k' }),
    fingerprint: deriveFingerprint([]),
    ...timesOf(context, of.runtime),
  }
  return claimTerms(of, request)
}

describe('B1: the lease', () => {
  test.each([
    [1, 1_001],
    [5, 1_005],
    [5.9, 1_005],
    [900_000, 901_000],
    [0, 1_000],
    [-1, 1_000],
    [-5_000, 1_000],
  ])('B1: with %p ms left it lasts %i ms', (remaining, lease) => {
    expect(terms(remaining).leaseExpiresAt).toBe(NOW + lease)
  })

  test.each([[undefined], [Number.NaN], [Number.POSITIVE_INFINITY]])(
    'B1: with a remaining time of %p, which is unknown, it lasts 60 s',
    (remaining) => {
      expect(terms(remaining).leaseExpiresAt).toBe(NOW + 60_000)
    },
  )

  test('B1: on a host that does not enforce its deadline it lasts 60 s', () => {
    const runtime = fakeRuntime({ clock, enforcesDeadline: false })
    expect(terms(5_000, settings({ runtime })).leaseExpiresAt).toBe(NOW + 60_000)
  })

  test('B1: a heartbeat sets its length', () => {
    expect(terms(900_000, settings({ heartbeat: { leaseSeconds: 15 } })).leaseExpiresAt).toBe(NOW + 15_000)
  })
})

describe('B5: the expiry of a record in progress', () => {
  test('B5: under rerun it is a day after the lease, or the retention after the claim, whichever is later', () => {
    expect(terms(5_000).expiresAt).toBe(NOW + 6_000 + DAY)
    expect(terms(5_000, settings({ retentionSeconds: 1_501 })).expiresAt).toBe(NOW + 6_000 + DAY)
    expect(terms(5_000, settings({ retentionSeconds: 7 * 86_400 })).expiresAt).toBe(NOW + 7 * DAY)
  })

  test('B5: under hold there is none', () => {
    expect(terms(5_000, settings({ abandoned: 'hold' })).expiresAt).toBeUndefined()
  })
})
