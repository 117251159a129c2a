import { IdempotencyError } from './errors.ts'
import { canonicalValue, NotCanonical } from './json.ts'
import { unawaited } from './unawaited.ts'

/** Canonical text of a payload that the user picked. Throws {@link IdempotencyError} `payload-invalid`. */
export const canonicalPayload = (payload: unknown): string => {
  try {
    return canonicalValue(payload)
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error
    unawaited(payload)
    throw new IdempotencyError('payload-invalid', `The payload cannot be fingerprinted: ${error.message}`, {
      cause: error,
    })
  }
}
