import { readFileSync } from 'node:fs'
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency'
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb'
import { CreateTableCommand, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import type { Context } from 'aws-lambda'
import type { Store } from '../../lib/core/record/store.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { idempotent } from '../../lib/http/index.ts'
import { createIdempotencyTable } from '../../local/tables.ts'
import type { TestEvent } from '../../test/support/http-events.ts'

// Both layers must run as on Lambda, which ends an invocation at its deadline.
process.env.AWS_LAMBDA_FUNCTION_NAME = 'compare'

export interface Result {
  readonly statusCode: number
  readonly body: string
}

export type Business = (event: TestEvent) => Promise<Result>
export type Invoke = (event: TestEvent, remainingMillis?: number) => Promise<Result>

/** One of the two layers, set up as its documentation recommends, with the same client. */
export interface Subject {
  readonly name: string
  readonly version: string
  createTable(client: DynamoDBClient, tableName: string): Promise<void>
  wrap(business: Business, tableName: string, client: DynamoDBClient): Invoke
}

/** Reads the file directly, because not every package exports its package.json. */
const versionOf = (directory: string): string => {
  const file = new URL(`../../${directory}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

const contextOf = (remainingMillis: number): Context => {
  const deadline = Date.now() + remainingMillis
  return { getRemainingTimeInMillis: () => deadline - Date.now(), awsRequestId: 'r' } as Context
}

interface RequiredOptions {
  readonly store: Store
  readonly operation: string
  readonly tenant: 'single-tenant'
}

/** The options that lambda-once requires. */
export const requiredOptions = (tableName: string, client: DynamoDBClient): RequiredOptions => ({
  store: dynamoDbStore({ tableName, client }),
  operation: 'payments',
  tenant: 'single-tenant',
})

export const invokeOf =
  (handler: (event: TestEvent, context: Context) => unknown): Invoke =>
  (event, remaining = 10_000) =>
    handler(event, contextOf(remaining)) as Promise<Result>

export const lambdaOnce: Subject = {
  name: 'lambda-once',
  version: versionOf('.'),
  createTable: createIdempotencyTable,
  wrap: (business, tableName, client) =>
    invokeOf(idempotent((event: TestEvent) => business(event), requiredOptions(tableName, client))),
}

/** Validates the payload and refuses a missing key. Neither is Powertools' default. */
export const powertools: Subject = {
  name: 'Powertools',
  version: versionOf('node_modules/@aws-lambda-powertools/idempotency'),
  createTable: async (client, tableName) => {
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
  },
  wrap: (business, tableName, client) => {
    const config = new IdempotencyConfig({
      eventKeyJmesPath: 'headers."idempotency-key"',
      payloadValidationJmesPath: 'powertools_json(body)',
      throwOnNoIdempotencyKey: true,
    })
    return invokeOf(
      makeIdempotent((event: TestEvent, _context: Context) => business(event), {
        persistenceStore: new DynamoDBPersistenceLayer({ tableName, awsSdkV3Client: client }),
        config,
      }),
    )
  },
}

export const boundedClient = (endpoint: string, config: DynamoDBClientConfig = {}): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 900, throwOnRequestTimeout: true },
    ...config,
  })
