import { IdempotencyError } from '../core/errors.ts'

/** The field's own text; an event without it has no key. */
export const field = (source: string, name: string, value: unknown): string => {
  if (typeof value === 'string' && value !== '') return value
  throw new IdempotencyError('key-missing', `This is no event of ${source} with a key: "${name}" is missing`)
}

/** JSON quotes each part, so that no part can pretend to be two. */
export const joined = (...parts: readonly (string | number | null)[]): string => JSON.stringify(parts)
