import type { IdempotencyError } from '../errors.ts'
import type { SettledRecord } from '../record/record.ts'

/** What the store holds of a run whose answer the caller gets. */
export type AnswerStatus = 'completed' | 'released' | 'abandoned' | 'unstored' | 'unprotected'

/** What the caller of a run gets: its own answer, the stored one, or a refusal. */
export type RunResult<T> =
  | { readonly kind: 'answered'; readonly value: T; readonly status: AnswerStatus }
  | { readonly kind: 'replay'; readonly record: SettledRecord }
  | { readonly kind: 'refused'; readonly error: IdempotencyError }
