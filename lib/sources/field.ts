import { IdempotencyError } from '../core/errors.ts'

/** The text of the field. Throws `IdempotencyError` `key-missing` if it is missing or empty. */
export const field = (source: string, name: string, value: unknown): string => {
  if (typeof value === 'string' && value !== '') return value
  throw new IdempotencyError('key-missing', `This event of ${source} has no key: "${name}" is missing`)
}

/** JSON quotes each part, so no text in one part can look like two parts. */
export const join = (...parts: readonly (string | number | null)[]): string => JSON.stringify(parts)
