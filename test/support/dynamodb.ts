import { randomUUID } from 'node:crypto'
import { DynamoDBClient, type DynamoDBClientConfig, GetItemCommand } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../lib/dynamodb/item.ts'
import { createIdempotencyTable } from '../../local/tables.ts'

/** The SDK needs credentials. DynamoDB Local accepts any. */
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const
export const REGION = 'us-east-1'

/** Where the AWS SDK in a Lambda function finds its region and its credentials. */
export const LAMBDA_ENVIRONMENT: NodeJS.ProcessEnv = {
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
}

/** The endpoint of the test run's DynamoDB Local. */
export const databaseEndpoint = (): string => {
  const endpoint = process.env.TEST_DYNAMODB_ENDPOINT
  if (endpoint === undefined) throw new Error('TEST_DYNAMODB_ENDPOINT is not set: run the tests with npm test')
  return endpoint
}

/** The environment of a function whose AWS is the test run's DynamoDB Local. */
export const databaseEnvironment = (): NodeJS.ProcessEnv => ({
  ...LAMBDA_ENVIRONMENT,
  AWS_ENDPOINT_URL: databaseEndpoint(),
})

/**
 * Sends twice, like the default client, but waits longer for an answer: on a busy machine DynamoDB Local may be slow.
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

/** Creates a table with a new name, for one test or test file. */
export const freshTable = async (): Promise<string> => {
  const tableName = `test-${randomUUID()}`
  await createIdempotencyTable(testClient(), tableName)
  return tableName
}

/** The current item, read with strong consistency. */
export const readItem = async (tableName: string, recordKey: string): Promise<Item | undefined> => {
  const { Item: item } = await testClient().send(
    new GetItemCommand({ TableName: tableName, Key: { pk: { S: recordKey } }, ConsistentRead: true }),
  )
  return item
}
