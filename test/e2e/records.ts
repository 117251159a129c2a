import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { deriveRecordKey } from '../../lib/core/identity/record-key.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import { fromItem, keyOf } from '../../lib/dynamodb/item.ts'
import { clientConfig, output } from './target.ts'

const client = new DynamoDBClient(clientConfig(process.env))

/** Reads the record of an order from the deployed table. */
export const orderRecord = async (tenant: string, key: string): Promise<StoredRecord> => {
  const Key = keyOf(deriveRecordKey({ operation: 'orders', tenant, key }))
  const { Item } = await client.send(
    new GetItemCommand({ TableName: output('IdempotencyTableName'), Key, ConsistentRead: true }),
  )
  if (Item === undefined) throw new Error(`There is no record of order ${key}`)
  return fromItem(Item)
}
