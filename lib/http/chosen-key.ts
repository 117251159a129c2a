import { IdempotencyError } from '../core/errors.ts'
import { keyText } from '../core/identity/record-key.ts'
import { scopeText } from '../core/identity/tenant.ts'
import { MAX_KEY_LENGTH } from '../core/limits.ts'
import type { ParsedKey } from './key-header.ts'

/** The answer of a `key` function. */
export const chosenKey = (key: unknown): ParsedKey => {
  if (key === undefined || key === null || key === '') return { kind: 'missing' }
  // Anything but a text or an integer is a mistake of the function. A new key of the client would not help.
  const text = Number.isSafeInteger(key) ? keyText(key as number) : scopeText('key', key)
  return text.length <= MAX_KEY_LENGTH && text.isWellFormed()
    ? { kind: 'key', key: text }
    : { kind: 'invalid', rule: `the key must be a well-formed string of at most ${MAX_KEY_LENGTH} characters` }
}

/** Throws {@link IdempotencyError} `key-missing` or `key-invalid`. `source` tells the client where its key should be. */
export const keyOf = (parsed: ParsedKey, source: string): string => {
  switch (parsed.kind) {
    case 'key':
      return parsed.key
    case 'missing':
      throw new IdempotencyError('key-missing', `This request needs ${source}`)
    case 'invalid':
      throw new IdempotencyError('key-invalid', `${source}: ${parsed.rule}`)
  }
}
