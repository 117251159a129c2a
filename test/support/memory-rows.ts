import type { RefusalReason, TransactItem } from '../../lib/effects/index.ts'
import type { ContractRows } from '../../lib/testing/index.ts'

/** Stands in for the tables of a memory store. An item is `{ Put: { id } }`, on the condition that there is none. */
export const memoryRows = (): {
  readonly rows: ContractRows
  readonly transact: (items: readonly TransactItem[]) => readonly (RefusalReason | undefined)[] | undefined
} => {
  const ids = new Set<string>()
  const idOf = ({ Put }: TransactItem): string => (Put as { readonly id: string }).id
  return {
    rows: { put: (id) => ({ Put: { id } }), has: (id) => ids.has(id) },
    transact: (items) => {
      const reasons = items.map((item) => (ids.has(idOf(item)) ? { code: 'ConditionalCheckFailed' } : undefined))
      if (reasons.some((reason) => reason !== undefined)) return reasons
      for (const item of items) ids.add(idOf(item))
      return undefined
    },
  }
}
