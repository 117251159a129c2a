import { refuse } from './rules.ts'

/** A part of what an operation is about: a kind, an order id, a count. A number counts as its decimal text. */
export type KeyPart = string | number

/** Returns the parts as texts. A forgotten id must not become one key for all operations. */
export const textsOf = (parts: readonly KeyPart[]): readonly string[] => {
  if (!Array.isArray(parts) || parts.length === 0) refuse('parts must be a list that is not empty')
  return parts.map((part: unknown, at) =>
    (typeof part === 'string' && part !== '') || Number.isSafeInteger(part)
      ? String(part)
      : refuse(`parts[${at}] must be a text that is not empty or a safe integer`),
  )
}
