import { refuse } from './rules.ts'

/** A part of what an operation is about: a kind, an order id, a count. A number counts as its decimal text. */
export type KeyPart = string | number

/** Returns the parts as texts. A forgotten id must not become one key for all operations. */
export const textsOf = (parts: readonly KeyPart[]): readonly string[] => {
  if (!Array.isArray(parts) || parts.length === 0) refuse('parts must be a non-empty list')
  return parts.map((part: unknown, at) =>
    // No lone surrogate: as UTF-8 two different ones would be the same bytes, and thus the same key.
    (typeof part === 'string' && /^\P{Cs}+$/u.test(part)) || Number.isSafeInteger(part)
      ? String(part)
      : refuse(`parts[${at}] must be non-empty text or a safe integer`),
  )
}
