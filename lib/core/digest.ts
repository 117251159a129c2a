import { createHash } from 'node:crypto'

/**
 * SHA-256 over length-prefixed parts. The prefix is what keeps `['ab', 'c']` and `['a', 'bc']` apart: no separator can
 * be smuggled into a part.
 */
export const digest = (label: string, parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of [label, ...parts]) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  return hash.digest()
}
