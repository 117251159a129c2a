import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from './item.ts'

/**
 * What DynamoDB charges and bounds: UTF-8 bytes of names and strings, raw bytes of binaries, and for a number a byte
 * for each two significant digits and one more. From "DynamoDB item sizes and formats" in the DynamoDB developer guide.
 */
export const itemSize = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0)

/** The item's bound: 400 KB, names included. */
export const MAX_ITEM_BYTES: number = 400 * 1024

/** A write is charged by begun kilobytes. */
export const WRITE_UNIT_BYTES = 1024

const valueSize = ({ S, N, B }: AttributeValue): number => {
  if (S !== undefined) return Buffer.byteLength(S)
  if (B !== undefined) return B.length
  return N === undefined ? 1 : numberSize(N)
}

/** One more for a sign, and one for an odd digit: where the guide says "approximately", the larger is taken. */
const numberSize = (digits: string): number =>
  Math.ceil(digits.replace(/[-.]/g, '').length / 2) + 1 + (digits.startsWith('-') ? 1 : 0)
