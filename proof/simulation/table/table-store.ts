import type { EpochMillis } from '../../../lib/core/time.ts'
import type { ItemClient } from '../../../lib/dynamodb/item-client.ts'
import { itemStore } from '../../../lib/dynamodb/item-store.ts'
import { ServiceError } from '../../../lib/dynamodb/lean/service-error.ts'
import { type ItemInput, toWire } from '../../../lib/dynamodb/lean/wire.ts'
import type { MemoryStore } from '../../../lib/memory/memory-store.ts'
import type { ItemTable, Operation } from './item-table.ts'

export const TABLE_NAME = 'simulated'
export const SKEW_SECONDS = 2

/** Direct access to the table, without the network, for the operator and the world. */
export const tableStore = (table: ItemTable, now: () => EpochMillis): MemoryStore => ({
  ...itemStore({ tableName: TABLE_NAME, client: directClient(table), skewSeconds: SKEW_SECONDS }),
  read: table.read,
  sweep: () => table.sweep(Math.floor(now() / 1000)),
})

const directClient = (table: ItemTable): ItemClient => {
  const ask = (operation: Operation, input: ItemInput): object => {
    const { status, body } = table.serve(operation, JSON.parse(toWire(input)))
    if (status !== 200) throw new ServiceError({ status, headers: {}, body }, 1)
    return {}
  }
  return {
    putItem: async (input) => ask('PutItem', input),
    updateItem: async (input) => ask('UpdateItem', input),
    getItem: async () => ({}),
  }
}
