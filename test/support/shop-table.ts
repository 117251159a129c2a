import { randomUUID } from 'node:crypto'
import {
  CreateTableCommand,
  GetItemCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import type { Item } from '../../lib/dynamodb/item.ts'
import { testClient } from './dynamodb.ts'

interface ShopKeys {
  readonly partition: 'PK'
  readonly sort: { readonly name: 'SK'; readonly value: 'IDEMPOTENCY' }
  readonly prefix: 'IDEM#'
  readonly ttlAttribute: 'ttl'
}

/** What the table of a shop calls its keys. */
export const SHOP_KEYS: ShopKeys = {
  partition: 'PK',
  sort: { name: 'SK', value: 'IDEMPOTENCY' },
  prefix: 'IDEM#',
  ttlAttribute: 'ttl',
}

const client = testClient()

/** A table as a shop has it: one table for everything. */
export const shopTable = async (): Promise<string> => {
  const TableName = `shop-${randomUUID()}`
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [
        { AttributeName: 'PK', AttributeType: 'S' },
        { AttributeName: 'SK', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'PK', KeyType: 'HASH' },
        { AttributeName: 'SK', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  await waitUntilTableExists({ client, minDelay: 1, maxWaitTime: 30 }, { TableName })
  const TimeToLiveSpecification = { AttributeName: 'ttl', Enabled: true }
  await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }))
  return TableName
}

export const keyIn = (recordKey: string): Item => ({ PK: { S: `IDEM#${recordKey}` }, SK: { S: 'IDEMPOTENCY' } })

export const readIn = async (TableName: string, Key: Item): Promise<Item | undefined> =>
  (await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item
