import type { TransactItem } from '../core/record/store.ts'
import type { Item } from './item.ts'

/** The members of an action that hold attribute values. */
const VALUES = ['Item', 'Key', 'ExpressionAttributeValues'] as const

/**
 * Turns items with plain JavaScript values into the form that `transact` takes. `marshall` is that of
 * `@aws-sdk/util-dynamodb`, or any function that does the same. The two forms cannot be told apart, so nothing does this for
 * you.
 *
 * @example
 * await transact(claim, plainItems(marshall, [{ Put: { TableName: 'orders', Item: { pk: order.id, total: 9.5 } } }]), answer)
 */
export const plainItems = (
  marshall: (value: Record<string, unknown>) => Item,
  items: readonly TransactItem[],
): readonly TransactItem[] =>
  items.map((item) =>
    Object.fromEntries(Object.entries(item).map(([name, action]) => [name, marshalled(marshall, action)])),
  )

const marshalled = (
  marshall: (value: Record<string, unknown>) => Item,
  action: object | undefined,
): object | undefined => {
  if (action === undefined) return undefined
  const given = action as Record<string, unknown>
  const values = VALUES.filter((name) => given[name] !== undefined)
  return {
    ...given,
    ...Object.fromEntries(values.map((name) => [name, marshall(given[name] as Record<string, unknown>)])),
  }
}
