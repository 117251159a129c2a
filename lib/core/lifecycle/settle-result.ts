import type { SettledRecord } from '../record/record.ts'

/** How a settle ended. */
export type SettleResult =
  | { readonly kind: 'completed' }
  | { readonly kind: 'released' }
  | { readonly kind: 'abandoned' }
  /** The handler ran, but its outcome could not be written, or the record was gone. */
  | { readonly kind: 'unstored' }
  /** The handler's own transaction has completed the record. `value` is its answer, in the form of the entry. */
  | { readonly kind: 'committed'; readonly value: unknown }
  /** It is not known whether a transaction of the handler was applied, so no answer of the handler may be given. */
  | { readonly kind: 'commitUnknown'; readonly isAbandoned: boolean }
  /** The claim was lost, and the record has an outcome of the same payload: that is the answer. */
  | { readonly kind: 'replay'; readonly record: SettledRecord }
  /** The claim was lost to an invocation that still runs, or to one with another payload. */
  | { readonly kind: 'conflict'; readonly retryAfterSeconds: number }
