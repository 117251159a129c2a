import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { type ProbePoint, systemRuntime } from '../../lib/core/runtime.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { type SqsClient, type SqsEvent, sqsHandler } from '../../lib/sqs/index.ts'
import { testClient } from '../support/dynamodb.ts'

/** What the parent sends: a batch, and how many milliseconds this worker has for it. */
export interface Delivery {
  readonly event: SqsEvent
  readonly remaining: number
}

/** What a worker reports to its parent. */
export type WorkerReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answered'; readonly failures: readonly string[] }
  | { readonly kind: 'threw'; readonly error: string }
  | { readonly kind: 'hidden'; readonly receiptHandle: string; readonly seconds: number }

export interface WorkerSettings {
  readonly tableName: string
  readonly ordersTable: string
  readonly operation: string
  readonly dieAt?: ProbePoint | 'in-effect' | 'after-effect'
}

/**
 * The process of a function. It handles one batch at a time, and kills itself at `dieAt`; its parent may kill it at any
 * time. The effect is a row under the claim's downstream key: an interrupted run that is repeated finds its own row.
 */
const settings: WorkerSettings = JSON.parse(process.argv[2] ?? '{}')
const client = testClient({ maxAttempts: 3 })

const sendReport = (report: WorkerReport): void => void process.send?.(report)
const dieIf = (point: WorkerSettings['dieAt']): void => {
  if (point !== undefined && point === settings.dieAt) process.kill(process.pid, 'SIGKILL')
}

const sqs: SqsClient = {
  send: async (command) => {
    const { input } = command as { input: { ReceiptHandle?: string; VisibilityTimeout?: number } }
    const { ReceiptHandle: receiptHandle, VisibilityTimeout: seconds } = input
    if (receiptHandle !== undefined && seconds !== undefined) sendReport({ kind: 'hidden', receiptHandle, seconds })
    return { QueueUrl: 'https://queue/orders' }
  },
}

const handler = sqsHandler<{ orderId: string }>(
  async ({ body }, claim) => {
    dieIf('in-effect')
    await client.send(
      new UpdateItemCommand({
        TableName: settings.ordersTable,
        Key: { pk: { S: claim?.downstreamKey('order') ?? '' } },
        UpdateExpression: 'SET orderId = :orderId ADD runs :one',
        ExpressionAttributeValues: { ':orderId': { S: body.orderId }, ':one': { N: '1' } },
      }),
    )
    dieIf('after-effect')
  },
  {
    store: dynamoDbStore({ tableName: settings.tableName, client, skewSeconds: 0 }),
    operation: settings.operation,
    tenant: 'single-tenant',
    key: ({ orderId }) => orderId,
    maxRuns: 50,
    visibility: 'move',
    sqs,
    runtime: { ...systemRuntime, probe: dieIf },
  },
)

process.on('message', async ({ event, remaining }: Delivery) => {
  const end = Date.now() + remaining
  try {
    const answer = await handler(event, { getRemainingTimeInMillis: () => end - Date.now() })
    sendReport({ kind: 'answered', failures: answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier) })
  } catch (error) {
    sendReport({ kind: 'threw', error: String(error) })
  }
})
process.on('disconnect', () => process.exit())
sendReport({ kind: 'ready' })
