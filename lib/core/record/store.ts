import type { StoreMisconfiguredError } from '../errors.ts'
import type { Fingerprint } from '../identity/fingerprint.ts'
import type { RecordKey } from '../identity/record-key.ts'
import type { OutcomeRoom } from '../outcome/outcome.ts'
import type { EpochMillis, Millis } from '../time.ts'
import type { Claim } from './claim.ts'
import type { ClaimToken, Steps, StoredRecord } from './record.ts'

/** The answer to a claim. */
export type ClaimAnswer =
  | { readonly kind: 'claimed' }
  /** Another record exists. `storeTime` is the store's own clock, if the store reports it. */
  | { readonly kind: 'occupied'; readonly record: StoredRecord; readonly storeTime?: EpochMillis }
  /** Other writes to the record kept interfering. An earlier send of this write may still have been applied. */
  | { readonly kind: 'contended' }

/** The answer to a take-over. */
export type TakeOverAnswer =
  | ClaimAnswer
  /** The record that was seen is gone: TTL deleted it. */
  | { readonly kind: 'gone' }

export type RenewAnswer = { readonly kind: 'renewed' } | Lost
export type NextGenerationAnswer = { readonly kind: 'begun' } | Lost
export type CheckpointAnswer = { readonly kind: 'kept' } | Lost
export type SettleAnswer = { readonly kind: 'settled' } | Lost

/** The claim is lost. `record` is the record that exists instead, and absent if there is none. */
export interface Lost {
  readonly kind: 'lost'
  readonly record?: StoredRecord
}

/** A claim's end with an outcome. */
export interface Completion {
  readonly kind: 'completed'
  readonly status: 'SUCCEEDED' | 'FAILED'
  readonly outcome: Uint8Array
  readonly settledAt: EpochMillis
  readonly expiresAt: EpochMillis
}

/** The end of a claim, as the store writes it. */
export type Settlement =
  | Completion
  | {
      readonly kind: 'released'
      readonly lastError?: string
      readonly settledAt: EpochMillis
      readonly expiresAt: EpochMillis
    }
  | {
      readonly kind: 'abandoned'
      readonly lastError?: string
      readonly deferred?: Deferral
      /** Kept by this write. */
      readonly checkpoint?: Checkpoint
      /** Becomes the record's token, so that no write of the claim that is still under way is applied after this one. */
      readonly fence?: ClaimToken
    }

/** What a claim in doubt leaves in the record if nothing ran under it, such as after a question without a decision. */
export interface Deferral {
  readonly reconciles: number
  /** Absent: the next claim may ask at once. */
  readonly reconcileAt?: EpochMillis
}

/**
 * How a store over DynamoDB makes a write of `lambda-once/effects` or `lambda-once/write`. The write brings it along, so a
 * bundle without them does not contain it. Any other store reads the write itself. A store that passes the write on, or a
 * changed copy of it, leaves this member as it is.
 */
export type DynamoDbForm = (...parts: never[]) => Promise<unknown>

/** The beginning of the next generation under a claim. */
export interface NextGeneration {
  readonly generationAt: EpochMillis
  readonly dynamoDb: DynamoDbForm
}

/** What a checkpoint adds to the record. */
export interface Checkpoint {
  /** Not empty. */
  readonly steps: Steps
  /**
   * The record must have a lease, and none of these names. For marks: a delayed one must not replace a result, and must
   * not stop the next attempt.
   */
  readonly isNew?: boolean
  /** The record is known to have steps. A hint: the wrong one costs a second write. */
  readonly follows?: boolean
  readonly dynamoDb: DynamoDbForm
}

/** A write to one of your own tables: one member, as `TransactWriteItems` takes it. */
export interface TransactItem {
  readonly Put?: object | undefined
  readonly Update?: object | undefined
  readonly Delete?: object | undefined
  readonly ConditionCheck?: object | undefined
}

/** A completion, and writes to your own tables that are applied with it or not at all. */
export interface Commit {
  readonly completion: Completion
  readonly items: readonly TransactItem[]
  /** The same for all sends of one commit. */
  readonly requestToken: string
  /**
   * The claim was never written: the commit puts its settled record. `over`: the record that was seen, and is replaced;
   * `undefined`: there must be none.
   */
  readonly put?: { readonly over: StoredRecord | undefined }
  readonly dynamoDb: DynamoDbForm
}

/** Why a condition of your own did not hold. */
export interface RefusalReason {
  readonly code: string
  readonly message?: string
  /** The stored item, in the form of the low-level API, if the write asks for it. */
  readonly item?: Readonly<Record<string, unknown>>
}

export type CommitAnswer =
  | { readonly kind: 'committed' }
  /** `storeTime` is the store's own clock, if the store reports it. `isOnlySend` is absent if it was sent once. */
  | (Lost & { readonly storeTime?: EpochMillis; readonly isOnlySend?: false })
  /** A condition of an item does not hold. One entry for each item; `undefined` for an item that had none to blame. */
  | { readonly kind: 'refused'; readonly reasons: readonly (RefusalReason | undefined)[]; readonly isOnlySend: boolean }
  /** Throttling, or another transaction: the same commit may succeed at once. */
  | { readonly kind: 'busy'; readonly isOnlySend: boolean }
  /** An earlier send of the same commit is still at work. */
  | { readonly kind: 'underWay' }
  /** The store takes the token for another commit's. */
  | { readonly kind: 'tokenUsed' }
  /** No retry can help. `setUp`: what the operator has to do, if a table is missing, or a permission. */
  | {
      readonly kind: 'mistaken'
      readonly error: unknown
      readonly setUp?: StoreMisconfiguredError
      readonly isOnlySend: boolean
    }

/** The new end of a claim's lease, and the TTL that goes with it. */
export interface Renewal {
  readonly leaseExpiresAt: EpochMillis
  readonly expiresAt: EpochMillis | undefined
}

/**
 * Where records are kept. An answer is a value, and only a fault throws: {@link StoreUnavailableError} if the fate of
 * the request is unknown or a retry may help, {@link StoreMisconfiguredError} if no retry can help.
 *
 * Every store guarantees:
 * 1. A write and its condition are one atomic step. A refused write changes nothing.
 * 2. `claim` writes only if there is no record. `takeOver` writes only over the very record that was seen: same token,
 *    same revision.
 * 3. `renew`, `nextGeneration`, `checkpoint`, `commit` and `settle` write only to a record in progress under the claim's own token, and add one
 *    to its revision.
 * 4. A write that is refused because an earlier send of it was applied is answered as if it were applied now.
 * 5. A refusal contains the record as it was at that moment.
 * 6. `renew` only moves a lease forward, and never gives a lease to an abandoned record.
 * 7. `settle` keeps whatever it does not set, and removes the lease. A completion and a release remove `reconciles`
 *    and `steps` too, which belong to a generation in doubt. Nothing is ever deleted.
 * 8. A settled outcome comes back byte for byte.
 * 9. Each call ends soon after `signal` aborts, with `StoreUnavailableError`. Its fate counts as unknown.
 * 10. `checkpoint`, and an abandon with one, add steps and remove none. Steps that the record has under other names
 *     stay as they are.
 * 11. `commit` applies its items and the completion together or not at all. Its answer says if the client may have sent
 *     it more than once.
 */
export interface Store {
  /** How far a host's clock may be from the store's before two invocations may run at once. */
  readonly skew: Millis
  claim(wanted: Claim, signal: AbortSignal): Promise<ClaimAnswer>
  takeOver(seen: StoredRecord, wanted: Claim, signal: AbortSignal): Promise<TakeOverAnswer>
  renew(claim: Claim, renewal: Renewal, signal: AbortSignal): Promise<RenewAnswer>
  /**
   * Begins the next generation under this claim: writes `generation`, now the claim's `attempt`, and `generationAt`,
   * and removes `reconciles` and `steps`. Only if the record still has the claim's generation, and a lease.
   */
  nextGeneration(claim: Claim, next: NextGeneration, signal: AbortSignal): Promise<NextGenerationAnswer>
  /** Keeps results of steps in the record. */
  checkpoint(claim: Claim, checkpoint: Checkpoint, signal: AbortSignal): Promise<CheckpointAnswer>
  /** Completes the claim, and writes to your own tables in the same transaction. */
  commit(claim: Claim, commit: Commit, signal: AbortSignal): Promise<CommitAnswer>
  settle(claim: Claim, settlement: Settlement, signal: AbortSignal): Promise<SettleAnswer>
  /**
   * Eventually consistent: may miss what was just written, or return what has just been replaced. `wanted`: the payload of
   * the request that asks. A cache answers only with a record of that payload, because a person may have let another one
   * use the key since. Any other store returns whatever record there is.
   */
  peek(recordKey: RecordKey, signal: AbortSignal, wanted?: Fingerprint): Promise<StoredRecord | undefined>
  /** The room for the outcome in this claim's record once it is settled. */
  outcomeRoom(claim: Claim): OutcomeRoom
}
