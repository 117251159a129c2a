import { randomUUID } from 'node:crypto'
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency'
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb'
import { CreateTableCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { Context } from 'aws-lambda'
import type { Item } from '../../lib/dynamodb/item.ts'
import type { PowertoolsAttributes } from '../../lib/migrate/index.ts'
import { testClient } from '../support/dynamodb.ts'

/** The option `keyPrefix` of the old functions. */
export const PREFIX = 'payments-prod'

/** A table for Powertools, with the names of its key. */
export const oldTable = async ({ keyAttr = 'id', sortKeyAttr }: PowertoolsAttributes = {}): Promise<string> => {
  const TableName = `powertools-${randomUUID()}`
  const keys = [keyAttr, ...(sortKeyAttr === undefined ? [] : [sortKeyAttr])]
  await testClient().send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
    }),
  )
  return TableName
}

export interface OldOptions {
  readonly attributes?: PowertoolsAttributes
  readonly eventKeyJmesPath?: string
  readonly payloadValidationJmesPath?: string
  readonly expiresAfterSeconds?: number
  readonly keyPrefix?: string | undefined
  readonly remainingMillis?: number
}

/** An old function: `business` protected by Powertools itself. */
export const oldFunction = <TEvent>(
  tableName: string,
  business: (event: TEvent) => Promise<unknown>,
  options: OldOptions = {},
): ((event: TEvent) => Promise<unknown>) => {
  const { attributes = {}, keyPrefix = PREFIX, remainingMillis = 10_000, ...config } = options
  const protectedFunction = makeIdempotent((event: TEvent, _: Context) => business(event), {
    persistenceStore: new DynamoDBPersistenceLayer({ tableName, awsSdkV3Client: testClient(), ...attributes }),
    config: new IdempotencyConfig({ throwOnNoIdempotencyKey: true, ...config }),
    keyPrefix,
  })
  const context = { getRemainingTimeInMillis: () => remainingMillis } as Context
  return async (event) => protectedFunction(event, context)
}

export const itemsOf = async (TableName: string): Promise<readonly Item[]> => {
  const { Items = [] } = await testClient().send(new ScanCommand({ TableName, ConsistentRead: true }))
  return Items as readonly Item[]
}

/** Writes an item as it is. */
export const putItem = async (TableName: string, Item: Item): Promise<void> => {
  await testClient().send(new PutItemCommand({ TableName, Item }))
}
