import { Buffer } from 'node:buffer'
import type { Claim } from './claim.ts'
import { type InProgressRecord, isSettled, type Steps, type StoredRecord } from './record.ts'
import type { Renewal, Settlement } from './store.ts'

/**
 * A client that got no answer sends its write again, and the store refuses the second send because the first was
 * applied. These functions recognise that case: the record that refused is the client's own. The token alone is not
 * enough, because an operator's tool may have settled the record under the same token.
 */

export const isOwnClaim = (record: StoredRecord, wanted: Claim): record is InProgressRecord =>
  record.claimToken === wanted.claimToken && record.status === 'IN_PROGRESS'

export const isOwnRenewal = (record: StoredRecord, claim: Claim, renewal: Renewal): boolean =>
  record.claimToken === claim.claimToken &&
  record.status === 'IN_PROGRESS' &&
  record.leaseExpiresAt !== undefined &&
  record.leaseExpiresAt >= renewal.leaseExpiresAt

export const isOwnGeneration = (record: StoredRecord, claim: Claim): boolean =>
  isOwnClaim(record, claim) && record.generation === claim.attempt

/** True if the record holds all these steps, whichever write kept them. */
export const isOwnCheckpoint = (record: StoredRecord, claim: Claim, steps: Steps): boolean =>
  isOwnClaim(record, claim) &&
  [...steps].every(([name, bytes]) => {
    const kept = record.steps?.get(name)
    return kept !== undefined && Buffer.compare(kept, bytes) === 0
  })

/**
 * A completion is recognised by all that it wrote, because another write under the same token may have settled the
 * record in another way.
 */
export const isOwnSettlement = (record: StoredRecord, claim: Claim, settlement: Settlement): boolean => {
  const { kind } = settlement
  const token = (kind === 'abandoned' && settlement.fence) || claim.claimToken
  if (record.claimToken !== token) return false
  switch (kind) {
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
