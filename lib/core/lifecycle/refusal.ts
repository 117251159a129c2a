import { ERRORS, IdempotencyError } from '../errors.ts'
import type { BeginResult } from './begin-result.ts'
import type { SettleResult } from './settle-result.ts'

/** Why a request neither runs nor is replayed. */
export type Refusal = Extract<
  BeginResult | SettleResult,
  { kind: 'conflict' | 'outcomeUnknown' | 'pending' | 'mismatch' | 'unavailable' | 'misconfigured' }
>

/** After the store did not answer: a second outlasts a short fault, and is short enough for a caller. */
const STORE_RETRY_SECONDS = 1

/** The refusal as an error. `once` throws it, and the HTTP entries turn it into a problem. */
export const refusalError = (refusal: Refusal): IdempotencyError => {
  switch (refusal.kind) {
    case 'conflict':
      return new IdempotencyError('in-progress', undefined, { retryAfterSeconds: refusal.retryAfterSeconds })
    case 'pending':
      return new IdempotencyError('outcome-pending', undefined, { retryAfterSeconds: refusal.retryAfterSeconds })
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
