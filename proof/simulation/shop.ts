import type { RefusalReason, TransactItem } from '../../lib/core/record/store.ts'
import type { Happening, Row } from './history.ts'

/** The user's tables. */
export interface Shop {
  readonly rows: Row[]
  /** How many orders can be taken. The world changes it too. */
  stock: number
  /** Numbers the orders. Each try to write has its own number. */
  orders: number
  /** What was applied under each request token. DynamoDB answers a second send without applying it. */
  readonly committed: Map<string, string>
  /** How many sends of a request token are at work. */
  readonly underWay: Map<string, number>
}

export const createShop = (): Shop => ({
  rows: [],
  stock: 1,
  orders: 0,
  committed: new Map(),
  underWay: new Map(),
})

/** The rows of one order, which must not exist. `isStocked`: the order also takes one from the stock. */
export const itemsOf = (number: number, isStocked: boolean): readonly TransactItem[] => [
  { Put: { number } },
  ...(isStocked ? [{ Update: { take: 1 } }] : []),
]

export const numberIn = ([first]: readonly TransactItem[]): number =>
  (first?.Put as { readonly number: number } | undefined)?.number ?? Number.NaN

/** Stands in for the user's tables: applies all items, or none. */
export const applyItems = (
  shop: Shop,
  items: readonly TransactItem[],
  happening: Happening,
): readonly (RefusalReason | undefined)[] | undefined => {
  const number = numberIn(items)
  const isStocked = items.length > 1
  const isThere = shop.rows.some((row) => row.number === number)
  const isSoldOut = isStocked && shop.stock === 0
  if (isThere || isSoldOut) return [reasonIf(isThere), ...(isStocked ? [reasonIf(isSoldOut)] : [])]
  shop.rows.push({ number, ...happening })
  if (isStocked) shop.stock--
  return undefined
}

const reasonIf = (isFalse: boolean): RefusalReason | undefined =>
  isFalse ? { code: 'ConditionalCheckFailed' } : undefined
