import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { type KinesisEvent, kinesisHandler } from '../../lib/streams/index.ts'
import { testClient } from '../support/dynamodb.ts'

/** What the parent sends: a batch, and how many milliseconds this worker has for it. */
export interface Delivery {
  readonly event: KinesisEvent
  readonly remaining: number
}

/** What a worker reports to its parent. */
export type WorkerReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answered'; readonly answer: object }
  | { readonly kind: 'threw'; readonly error: string }

export interface WorkerSettings {
  readonly tableName: string
  readonly ordersTable: string
  readonly operation: string
}

/**
 * The process of a function that reads a shard. Its parent may kill it at any time. The effect appends the order to the
 * list of its partition key, unless the claim's downstream key is known there: so a repeated run finds its own effect.
 */
const settings: WorkerSettings = JSON.parse(process.argv[2] ?? '{}')
const client = testClient({ maxAttempts: 3 })

const append = (partitionKey: string, orderId: string, downstreamKey: string): Promise<unknown> =>
  client.send(
    new UpdateItemCommand({
      TableName: settings.ordersTable,
      Key: { pk: { S: partitionKey } },
      UpdateExpression: 'SET orders = list_append(if_not_exists(orders, :none), :order) ADD known :key',
      ConditionExpression: 'NOT contains(known, :one)',
      ExpressionAttributeValues: {
        ':none': { L: [] },
        ':order': { L: [{ S: orderId }] },
        ':key': { SS: [downstreamKey] },
        ':one': { S: downstreamKey },
      },
    }),
  )

const handler = kinesisHandler<{ orderId: string }>(
  async ({ data, partitionKey }, claim) => {
    await append(partitionKey, data.orderId, claim?.downstreamKey('order') ?? '').catch((error: unknown) => {
      if (!(error instanceof ConditionalCheckFailedException)) throw error
    })
  },
  {
    store: dynamoDbStore({ tableName: settings.tableName, client, skewSeconds: 0 }),
    operation: settings.operation,
    tenant: 'single-tenant',
    maxRuns: 50,
  },
)

const sendReport = (report: WorkerReport): void => void process.send?.(report)

process.on('message', async ({ event, remaining }: Delivery) => {
  const end = Date.now() + remaining
  try {
    sendReport({
      kind: 'answered',
      answer: await handler(event, { getRemainingTimeInMillis: () => end - Date.now() }),
    })
  } catch (error) {
    sendReport({ kind: 'threw', error: String(error) })
  }
})
process.on('disconnect', () => process.exit())
sendReport({ kind: 'ready' })
