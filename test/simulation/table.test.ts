import { NoAnswer } from '../../lib/stores/dynamodb/lean/exchange.ts'
import { leanItemClient } from '../../lib/stores/dynamodb/lean/lean-client.ts'
import { itemStore } from '../../lib/stores/dynamodb/store.ts'
import { EXPIRY } from '../support/claims.ts'
import { storeContract } from '../support/store-contract.ts'
import { createItemTable, type ItemTable, operationIn } from './table/item-table.ts'

/** What the simulation takes for DynamoDB keeps the contract as DynamoDB Local does, where no network is in between. */
const leanStore = (table: ItemTable) =>
  itemStore({
    tableName: 'simulated',
    skewSeconds: 2,
    client: leanItemClient({
      endpoint: { region: 'us-east-1', host: 'dynamodb.simulated', target: { protocol: 'http:' } },
      credentials: () => ({ accessKeyId: 'simulated', secretAccessKey: 'simulated' }),
      transport: async ({ headers }, body = '', _, by) => {
        if (by?.aborted) throw new NoAnswer('AbortError')
        return { headers: {}, ...table.serve(operationIn(headers as readonly string[]), JSON.parse(body)) }
      },
    }),
  })

storeContract('simulated DynamoDB', async () => {
  const table = createItemTable()
  return {
    store: leanStore(table),
    read: async (recordKey) => table.read(recordKey),
    sweep: async () => table.sweep(EXPIRY / 1_000),
  }
})

test('The simulated table refuses to guess at an expression that it does not know.', () => {
  const request = { Key: { pk: { S: 'a' } }, ConditionExpression: 'size(outcome) > :most' }
  expect(() => createItemTable().serve('UpdateItem', request)).toThrow('does not understand "size(outcome) > :most"')
})
