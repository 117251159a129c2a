import type { RequestListener } from 'node:http'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoDbStore } from '../lib/dynamodb/sdk/dynamodb-store.ts'
import { IDEMPOTENCY_TABLE, ORDERS_QUEUE, ORDERS_QUEUE_ARN, REGION } from './example-api.ts'
import type { FunctionPool } from './functions/function-pool.ts'
import { deadLetterReason } from './queue/dead-letter-reason.ts'
import { startEventSource } from './queue/event-source.ts'
import { memoryQueue } from './queue/memory-queue.ts'
import { queueListener } from './queue/queue-listener.ts'

export type FunctionPools = ReadonlyMap<string, FunctionPool>

export interface OrdersQueue {
  /** @param url URL of the server that uses the listener */
  listener(url: string): RequestListener
  stop(): void
}

/** Starts the example's queue and the event source that invokes its worker. */
export const startOrdersQueue = (database: DynamoDBClient, functions: FunctionPools): OrdersQueue => {
  const { name: queueName, workerName, operation, visibilitySeconds, maxReceiveCount } = ORDERS_QUEUE
  const worker = functions.get(workerName)
  if (worker === undefined) throw new Error(`There is no function ${workerName}`)
  const reasonOf = deadLetterReason(dynamoDbStore({ tableName: IDEMPOTENCY_TABLE, client: database }), operation)
  const queue = memoryQueue({ visibilitySeconds, maxReceiveCount, reasonOf, now: Date.now })
  const { stop } = startEventSource({ queue, worker, identity: { arn: ORDERS_QUEUE_ARN, region: REGION } })
  return { listener: (url) => queueListener({ queue, queueName, url }), stop }
}
