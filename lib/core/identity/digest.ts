import { hash } from 'node:crypto'

const LENGTH_BYTES = 4

/**
 * SHA-256 over length-prefixed parts. The prefix distinguishes `['ab', 'c']` from `['a', 'bc']`: a part cannot smuggle
 * in a separator. The parts are hashed in one call, because each call costs more than its bytes.
 */
export const digest = (
  label: string,
  parts: readonly (string | Uint8Array)[],
  encoding: 'base64url' | 'hex' = 'base64url',
): string => {
  const all = [label, ...parts]
  const lengths = all.map(lengthOf)
  const framed = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + LENGTH_BYTES + length, 0))
  let at = 0
  all.forEach((part, index) => {
    const start = framed.writeUInt32BE(lengths[index] as number, at)
    if (typeof part === 'string') framed.write(part, start)
    else framed.set(part, start)
    at = start + (lengths[index] as number)
  })
  return hash('sha256', framed, encoding)
}

/** In bytes. Other values would get a wrong length, and two different ones could get the same digest. */
const lengthOf = (part: string | Uint8Array): number => {
  if (typeof part === 'string') return Buffer.byteLength(part)
  if (part instanceof Uint8Array) return part.length
  throw new TypeError('A digest takes strings and bytes only')
}
