import type { RecordKey } from '../identity/record-key.ts'
import type { OutcomeRoom } from '../outcome/outcome.ts'
import type { EpochMillis, Millis } from '../time.ts'
import type { Claim } from './claim.ts'
import type { StoredRecord } from './record.ts'

export type ClaimAnswer =
  | { readonly kind: 'claimed' }
  /** Somebody else's record stands there. `storeTime` is the store's own clock, where it tells. */
  | { readonly kind: 'occupied'; readonly record: StoredRecord; readonly storeTime?: EpochMillis }
  /** Another write to the record kept getting in the way. An earlier send of this one may still have been applied. */
  | { readonly kind: 'contended' }

export type TakeOverAnswer =
  | ClaimAnswer
  /** The record that was seen is no longer there: TTL swept it. */
  | { readonly kind: 'gone' }

export type RenewAnswer = { readonly kind: 'renewed' } | Lost
export type NextGenerationAnswer = { readonly kind: 'begun' } | Lost
export type SettleAnswer = { readonly kind: 'settled' } | Lost

/** The claim is no longer ours. `record` is what stands there instead, absent where nothing does. */
export interface Lost {
  readonly kind: 'lost'
  readonly record?: StoredRecord
}

/** How a claim ends, as it is written. */
export type Settlement =
  | {
      readonly kind: 'completed'
      readonly status: 'SUCCEEDED' | 'FAILED'
      readonly outcome: Uint8Array
      readonly settledAt: EpochMillis
      readonly expiresAt: EpochMillis
    }
  | {
      readonly kind: 'released'
      readonly lastError?: string
      readonly settledAt: EpochMillis
      readonly expiresAt: EpochMillis
    }
  | { readonly kind: 'abandoned'; readonly lastError?: string; readonly deferred?: Deferral }

/** What a question without a decision leaves in the record. */
export interface Deferral {
  readonly reconciles: number
  readonly reconcileAt: EpochMillis
}

/** A claim's new end of lease, and the TTL that goes with it. */
export interface Renewal {
  readonly leaseExpiresAt: EpochMillis
  readonly expiresAt: EpochMillis | undefined
}

/**
 * Where records live. An answer is a value; only a fault throws: {@link StoreUnavailableError} where the fate of the
 * request is unknown or a retry may help, {@link StoreMisconfiguredError} where it cannot.
 *
 * Every store guarantees:
 * 1. A write and its condition are one atomic step; a refused write changes nothing.
 * 2. `claim` writes only where no record is. `takeOver` writes only over the very record that was seen: same token,
 *    same revision.
 * 3. `renew`, `nextGeneration` and `settle` write only to a record in progress under the claim's own token, and add one
 *    to its revision.
 * 4. A write refused because an earlier send of the same write was applied is answered as if it were applied now.
 * 5. A refusal carries the record as it stood at that moment.
 * 6. `renew` only ever moves a lease forward, and never gives one to a record that was abandoned.
 * 7. `settle` keeps whatever it does not set, and removes the lease. A completion and a release remove `reconciles`
 *    too, which belongs to a generation in doubt. Nothing is ever deleted.
 * 8. A settled outcome comes back byte for byte.
 * 9. Each call ends soon after `signal` aborts, with `StoreUnavailableError`: its fate counts as unknown.
 */
export interface Store {
  /** How far hosts' clocks may be from the store's before exclusivity in time is lost. */
  readonly skew: Millis
  claim(wanted: Claim, signal: AbortSignal): Promise<ClaimAnswer>
  takeOver(seen: StoredRecord, wanted: Claim, signal: AbortSignal): Promise<TakeOverAnswer>
  renew(claim: Claim, renewal: Renewal, signal: AbortSignal): Promise<RenewAnswer>
  /**
   * Begins the next generation under this claim: writes `generation`, now the claim's `attempt`, and `generationAt`, and
   * removes `reconciles`. Only if the record still has the claim's generation, and a lease.
   */
  nextGeneration(claim: Claim, generationAt: EpochMillis, signal: AbortSignal): Promise<NextGenerationAnswer>
  settle(claim: Claim, settlement: Settlement, signal: AbortSignal): Promise<SettleAnswer>
  /** Eventually consistent: may miss what was just written, or give what has just been replaced. */
  peek(recordKey: RecordKey, signal: AbortSignal): Promise<StoredRecord | undefined>
  /** Room for the outcome in this claim's record once it is settled. */
  outcomeRoom(claim: Claim): OutcomeRoom
}
