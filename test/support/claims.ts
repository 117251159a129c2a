import { type Claims, claimsAt } from '../../lib/testing/claims.ts'

export { aFingerprint, aRecordKey } from '../../lib/testing/claims.ts'
export { unhurried } from '../../lib/testing/contract/fixture.ts'

/** A whole second, because the format keeps `expiresAt` in seconds. */
export const NOW = 1_800_000_000_000

const made: Claims = claimsAt(NOW)

export const LEASE_END: number = made.leaseEnd
export const EXPIRY: number = made.expiry
export const aClaim: Claims['claim'] = made.claim
export const aTakeOver: Claims['takeOver'] = made.takeOver
export const completed: Claims['completed'] = made.completed
export const released: Claims['released'] = made.released
export const abandoned: Claims['abandoned'] = made.abandoned
export const renewal: Claims['renewal'] = made.renewal
