import { DeleteItemCommand } from '@aws-sdk/client-dynamodb'
import { fromItem } from '../../lib/dynamodb/item.ts'
import { freshTable, readItem, testClient } from '../support/dynamodb.ts'
import { openShop } from '../support/shop.ts'
import { storeContract } from '../support/store-contract.ts'
import { testStore } from '../support/test-store.ts'

storeContract('DynamoDB', async () => {
  const tableName = await freshTable()
  const client = testClient()
  const { order, has } = await openShop()
  return {
    store: testStore({ tableName }),
    rows: { put: order, has },
    read: async (recordKey) => {
      const item = await readItem(tableName, recordKey)
      return item === undefined ? undefined : fromItem(item)
    },
    sweep: async (recordKey) => {
      await client.send(new DeleteItemCommand({ TableName: tableName, Key: { pk: { S: recordKey } } }))
    },
  }
})
