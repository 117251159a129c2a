import type { Fingerprint } from '../identity/fingerprint.ts'
import type { RecordKey } from '../identity/record-key.ts'
import type { EpochMillis } from '../time.ts'

declare const claimToken: unique symbol

/** 128 random bits, new for every claim. Never the Lambda request id, because asynchronous retries reuse it. */
export type ClaimToken = string & { readonly [claimToken]: true }

/** The results of a generation's steps, by name. Each is an encoded outcome, or the mark of a step that has started. */
export type Steps = ReadonlyMap<string, Uint8Array>

/** A person's permission for one other payload to use the key, once. */
export interface Override {
  /** Of the other payload. */
  readonly fingerprint: Fingerprint
  readonly proposedBy: string
  readonly proposedAt: EpochMillis
  readonly reason: string
  /** It has no effect after this time. */
  readonly until: EpochMillis
  /** `undefined`: proposed, and not approved yet. */
  readonly approvedBy?: string
  readonly approvedAt?: EpochMillis
}

interface RecordBase {
  readonly recordKey: RecordKey
  readonly fingerprint: Fingerprint
  readonly claimToken: ClaimToken
  /** Each write to the record adds one. */
  readonly revision: number
  readonly attempt: number
  readonly generation: number
  readonly createdAt: EpochMillis
  /** What persons did to the record, as JSON text. Only `lambda-once/operator` reads it; claims carry it. */
  readonly audit?: string | undefined
  /** Gone with the next claim. */
  readonly override?: Override | undefined
}

export interface InProgressRecord extends RecordBase {
  readonly status: 'IN_PROGRESS'
  /** `undefined`: its owner abandoned it, with the effect in doubt. */
  readonly leaseExpiresAt: EpochMillis | undefined
  readonly expiresAt: EpochMillis | undefined
  /** The class of the error with which an earlier run was abandoned. Never a message. */
  readonly lastError?: string
  /** When the generation began; `undefined`: with the record, at `createdAt`. */
  readonly generationAt?: EpochMillis | undefined
  /**
   * Claims of this generation that count as no run: they ran nothing, such as after a question without a decision, or a
   * person has decided a step after them. `undefined`: 0.
   */
  readonly reconciles?: number | undefined
  /** No reconcile function is asked before this time. */
  readonly reconcileAt?: EpochMillis | undefined
  /** What the steps of this generation have kept; `undefined`: nothing. */
  readonly steps?: Steps | undefined
}

export interface SettledRecord extends RecordBase {
  readonly status: 'SUCCEEDED' | 'FAILED'
  /** The encoded outcome; see `core/outcome`. */
  readonly outcome: Uint8Array
  readonly settledAt: EpochMillis
  readonly expiresAt: EpochMillis
}

export interface ReleasedRecord extends RecordBase {
  readonly status: 'RELEASED'
  readonly settledAt: EpochMillis
  readonly expiresAt: EpochMillis
  readonly lastError?: string
}

/** What the store holds for one record key. Abandoned and expired are judgements: they are never stored. */
export type StoredRecord = InProgressRecord | SettledRecord | ReleasedRecord

export const isSettled = (record: StoredRecord): record is SettledRecord =>
  record.status === 'SUCCEEDED' || record.status === 'FAILED'
