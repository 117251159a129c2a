import { randomUUID } from 'node:crypto'
import { DynamoDBClient, type DynamoDBClientConfig, GetItemCommand } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../lib/dynamodb/item.ts'
import { createIdempotencyTable } from '../../local/tables.ts'

/** DynamoDB Local takes any; the SDK wants some. */
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const
export const REGION = 'us-east-1'

/** Where the run's DynamoDB Local listens. */
export const databaseEndpoint = (): string => {
  const endpoint = process.env.TEST_DYNAMODB_ENDPOINT
  if (endpoint === undefined) throw new Error('TEST_DYNAMODB_ENDPOINT is not set: run the tests by npm test')
  return endpoint
}

/**
 * Two attempts, as the layer's own client, but more patient: on a busy machine DynamoDB Local takes its time, and that is
 * no fault of what is tested.
 */
export const testClient = (config: DynamoDBClientConfig = {}): DynamoDBClient =>
  new DynamoDBClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 10_000, requestTimeout: 20_000, throwOnRequestTimeout: true },
    endpoint: databaseEndpoint(),
    region: REGION,
    credentials: CREDENTIALS,
    ...config,
  })

/** A table that nobody else knows. */
export const freshTable = async (): Promise<string> => {
  const tableName = `test-${randomUUID()}`
  await createIdempotencyTable(testClient(), tableName)
  return tableName
}

/** The item as it stands, read with strong consistency. */
export const readItem = async (tableName: string, recordKey: string): Promise<Item | undefined> => {
  const { Item: item } = await testClient().send(
    new GetItemCommand({ TableName: tableName, Key: { pk: { S: recordKey } }, ConsistentRead: true }),
  )
  return item
}
