import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { itemSize } from '../../lib/dynamodb/item-size.ts'

/** As DynamoDB bills them on demand. */
export interface Units {
  readonly write: number
  readonly read: number
}

export type AnyItem = Record<string, AttributeValue>

const WRITE_BYTES = 1_024
const READ_BYTES = 4_096

/** A list or a map has 3 bytes of its own, and 1 for each of its members. */
const CONTAINER_BYTES = 3
const MEMBER_BYTES = 1

/** "DynamoDB item sizes and formats": records of this layer are flat, those of others are not. */
export const sizeOf = (item: AnyItem): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0)

/** "Read and write operations": the larger of before and after; a refused write by what stands there; 1 at least. */
export const writeUnits = (before: AnyItem | undefined, after: AnyItem | undefined): number =>
  Math.max(1, Math.ceil(Math.max(before ? sizeOf(before) : 0, after ? sizeOf(after) : 0) / WRITE_BYTES))

/** Half where the read may be stale; a unit, or half of one, also where nothing stands there. */
export const readUnits = (item: AnyItem | undefined, consistent: boolean): number =>
  Math.max(1, Math.ceil((item ? sizeOf(item) : 0) / READ_BYTES)) * (consistent ? 1 : 0.5)

const valueSize = (value: AttributeValue): number => {
  if (value.M !== undefined) {
    const members = Object.entries(value.M)
    return members.reduce(
      (sum, [name, member]) => sum + Buffer.byteLength(name) + valueSize(member) + MEMBER_BYTES,
      CONTAINER_BYTES,
    )
  }
  if (value.L !== undefined)
    return value.L.reduce((sum, member) => sum + valueSize(member) + MEMBER_BYTES, CONTAINER_BYTES)
  return itemSize({ '': value })
}
