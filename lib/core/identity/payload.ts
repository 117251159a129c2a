import { IdempotencyError } from '../errors.ts'
import { unawaited } from '../unawaited.ts'
import { canonicalValue, NotCanonical } from './canonical-json.ts'

/**
 * Canonical text of a payload that the user chose, or of a body that a parser has read. Throws {@link IdempotencyError}
 * `payload-invalid`, with status 400 if the client's own JSON is the cause, such as `1e400`.
 */
export const canonicalPayload = (payload: unknown, source: 'payload' | 'body' = 'payload'): string => {
  try {
    return canonicalValue(payload)
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error
    unawaited(payload)
    throw new IdempotencyError('payload-invalid', `The ${source} cannot be fingerprinted: ${error.message}`, {
      cause: error,
      status: source === 'body' && error.isParsed ? 400 : undefined,
    })
  }
}
