import { Buffer } from 'node:buffer'
import type { Claim } from './claim.ts'
import { isSettled, type StoredRecord } from './record.ts'
import type { Renewal, Settlement } from './store.ts'

/**
 * A client that got no answer sends again, and the second send is refused because the first was applied. These tell
 * that case from a refusal by somebody else's record. The token alone is not enough: a record under our token that
 * has moved on (settled by an operator's tool, say) is no longer our claim.
 */

export const isOwnClaim = (record: StoredRecord, wanted: Claim): boolean =>
  record.claimToken === wanted.claimToken && record.status === 'IN_PROGRESS'

export const isOwnRenewal = (record: StoredRecord, claim: Claim, renewal: Renewal): boolean =>
  record.claimToken === claim.claimToken &&
  record.status === 'IN_PROGRESS' &&
  record.leaseExpiresAt !== undefined &&
  record.leaseExpiresAt >= renewal.leaseExpiresAt

export const isOwnGeneration = (record: StoredRecord, claim: Claim): boolean =>
  isOwnClaim(record, claim) && record.generation === claim.attempt

/**
 * A completion is ours by what it wrote, not by the token alone: another write under the same token may have settled the
 * record in another way.
 */
export const isOwnSettlement = (record: StoredRecord, claim: Claim, settlement: Settlement): boolean => {
  if (record.claimToken !== claim.claimToken) return false
  switch (settlement.kind) {
    case 'completed':
      return (
        isSettled(record) &&
        record.status === settlement.status &&
        record.settledAt === settlement.settledAt &&
        Buffer.compare(record.outcome, settlement.outcome) === 0
      )
    case 'released':
      return record.status === 'RELEASED'
    case 'abandoned':
      return record.status === 'IN_PROGRESS' && record.leaseExpiresAt === undefined
  }
}
