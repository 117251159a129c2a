import { ERRORS, IdempotencyError } from '../errors.ts'
import type { BeginResult } from './begin.ts'
import type { SettleResult } from './settle.ts'

/** Why a request is neither run nor replayed. */
export type Refusal = Extract<
  BeginResult | SettleResult,
  { kind: 'conflict' | 'outcomeUnknown' | 'mismatch' | 'unavailable' | 'misconfigured' }
>

/** After a store that did not answer, a second is enough for a short fault, and short enough for a caller. */
const STORE_RETRY_SECONDS = 1

/** The refusal as an error: thrown by `once`, turned into a problem by the HTTP entries. */
export const refusalError = (refusal: Refusal): IdempotencyError => {
  switch (refusal.kind) {
    case 'conflict':
      return new IdempotencyError('in-progress', undefined, { retryAfterSeconds: refusal.retryAfterSeconds })
    case 'outcomeUnknown':
      return new IdempotencyError('outcome-unknown')
    case 'mismatch':
      return new IdempotencyError('key-reused')
    case 'unavailable':
      return unavailableError({ cause: refusal.error })
    case 'misconfigured':
      return refusal.error
  }
}

export const unavailableError = (options: ErrorOptions & { retryAfterSeconds?: number } = {}): IdempotencyError =>
  new IdempotencyError('idempotency-unavailable', ERRORS['idempotency-unavailable'].title, {
    retryAfterSeconds: STORE_RETRY_SECONDS,
    ...options,
  })
