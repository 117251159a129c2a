import type { Claim } from './claim.ts'
import type { SettledRecord } from './record.ts'
import type { Completion } from './store.ts'

/** The record that a completion leaves. Its revision is a lower bound, because renewals count too. */
export const settledRecord = (
  { leaseExpiresAt: _, generationAt: __, reconciles: ___, steps: ____, ...kept }: Claim,
  { status, outcome, settledAt, expiresAt }: Completion,
): SettledRecord => ({ ...kept, status, outcome, settledAt, expiresAt, revision: kept.revision + 1 })

/** The record that a one-shot write puts, in one write. */
export const putRecord = (claim: Claim, completion: Completion): SettledRecord => ({
  ...settledRecord(claim, completion),
  revision: claim.revision,
})
