import type { SettledRecord } from '../record/record.ts'
import type { RunResult } from './run-result.ts'

/** How a settle ended. */
export type SettleResult =
  | { readonly kind: 'completed' }
  | { readonly kind: 'released' }
  | { readonly kind: 'abandoned' }
  /** The handler ran, but its outcome could not be written, or the record was gone. */
  | { readonly kind: 'unstored' }
  | OfTransaction
  /** The claim was lost, and the record has an outcome of the same payload: that is the answer. */
  | { readonly kind: 'replay'; readonly record: SettledRecord }
  /** The claim was lost to an invocation that still runs, or to one with another payload. */
  | { readonly kind: 'conflict'; readonly retryAfterSeconds: number }

/** A transaction of the handler was committed, or may have been: no answer and no error of the handler may be given. */
export interface OfTransaction {
  readonly kind: 'ofTransaction'
  /** What the caller gets: the committed answer in the form of the entry, a replay or a refusal. */
  readonly ran: RunResult<unknown>
  /** The handler threw this error nevertheless. */
  reportIgnored(error: unknown): void
}
