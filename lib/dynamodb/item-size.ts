import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from './item.ts'

/**
 * The size that DynamoDB charges and limits: UTF-8 bytes of names and strings, raw bytes of binaries. A number takes one
 * byte for each two significant digits, plus one. From "DynamoDB item sizes and formats" in the DynamoDB Developer Guide.
 */
export const itemSize = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0)

/** A map takes 3 bytes, and 1 for each entry, in addition to its names and values. */
const valueSize = ({ S, N, B, M }: AttributeValue): number => {
  if (S !== undefined) return Buffer.byteLength(S)
  if (B !== undefined) return B.length
  if (M !== undefined) return 3 + Object.keys(M).length + itemSize(M)
  return N === undefined ? 1 : numberSize(N)
}

/** A sign and an odd digit each take one more byte. The guide says "approximately"; this is the larger value. */
const numberSize = (digits: string): number =>
  Math.ceil(digits.replace(/[-.]/g, '').length / 2) + 1 + (digits.startsWith('-') ? 1 : 0)
