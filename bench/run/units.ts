import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { itemSize } from '../../lib/dynamodb/item-size.ts'

/** Request units, as DynamoDB bills them for on-demand tables. */
export interface Units {
  readonly write: number
  readonly read: number
}

export type AnyItem = Record<string, AttributeValue>

const WRITE_BYTES = 1_024
const READ_BYTES = 4_096

/** A list or map takes 3 bytes, and 1 more for each member. */
const CONTAINER_BYTES = 3
const MEMBER_BYTES = 1

/** As in "DynamoDB item sizes and formats". This layer's records are flat, but Powertools' are not. */
export const sizeOf = (item: AnyItem): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0)

/**
 * As in "Read and write operations": by the larger of the item before and after; a refused write by the stored item.
 */
export const writeUnits = (before: AnyItem | undefined, after: AnyItem | undefined): number =>
  Math.max(1, Math.ceil(Math.max(before ? sizeOf(before) : 0, after ? sizeOf(after) : 0) / WRITE_BYTES))

/** An eventually consistent read costs half. Reading an absent item costs as much as reading a small one. */
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
