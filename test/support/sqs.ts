import { randomUUID } from 'node:crypto'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import type { IdempotencyEvent } from '../../lib/index.ts'
import type { SqsClient, SqsEvent, SqsOptions, SqsRecord } from '../../lib/sqs/index.ts'
import { testClient } from './dynamodb.ts'
import { patientRuntime } from './http-harness.ts'

export const STANDARD = 'arn:aws:sqs:us-east-1:123456789012:orders'
export const FIFO = 'arn:aws:sqs:us-east-1:123456789012:orders.fifo'

export interface Order {
  readonly orderId: string
  readonly quantity?: number
}

export interface RecordParts {
  readonly messageId?: string
  readonly body?: string
  readonly receiveCount?: number
  /** Makes it a message of a FIFO queue. */
  readonly group?: string
  readonly deduplicationId?: string
  readonly messageAttributes?: SqsRecord['messageAttributes']
}

/** A message from an event source mapping. Message id and body come from `orderId` by default. */
export const aRecord = (orderId: string, parts: RecordParts = {}): SqsRecord => ({
  messageId: parts.messageId ?? orderId,
  receiptHandle: `receipt-${parts.messageId ?? orderId}`,
  body: parts.body ?? JSON.stringify({ orderId }),
  attributes: {
    ApproximateReceiveCount: String(parts.receiveCount ?? 1),
    ...(parts.group === undefined ? {} : { MessageGroupId: parts.group }),
    ...(parts.deduplicationId === undefined ? {} : { MessageDeduplicationId: parts.deduplicationId }),
  },
  messageAttributes: parts.messageAttributes ?? {},
  eventSourceARN: parts.group === undefined ? STANDARD : FIFO,
})

export const anEvent = (...records: readonly SqsRecord[]): SqsEvent => ({ Records: records })

/** The same messages, delivered once more. */
export const redelivered = ({ Records }: SqsEvent): SqsEvent => ({
  Records: Records.map((record) => ({
    ...record,
    attributes: {
      ...record.attributes,
      ApproximateReceiveCount: String(Number(record.attributes.ApproximateReceiveCount) + 1),
    },
  })),
})

/** A context whose remaining time passes. */
export const aContext = (milliseconds = 30_000): { getRemainingTimeInMillis(): number } => {
  const end = Date.now() + milliseconds
  return { getRemainingTimeInMillis: () => end - Date.now() }
}

/** A context whose time passes only when the test says so, so a slow machine changes nothing. */
export const aTimedContext = (
  milliseconds: number,
): { getRemainingTimeInMillis(): number; pass(milliseconds: number): void } => {
  let left = milliseconds
  return {
    getRemainingTimeInMillis: () => left,
    pass: (passed) => {
      left -= passed
    },
  }
}

/** The ids of the messages that go back to the queue. */
export const returned = ({ batchItemFailures }: { batchItemFailures: { itemIdentifier: string }[] }): string[] =>
  batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)

export interface Sent {
  readonly command: string
  readonly input: Record<string, unknown>
}

/** Records the commands that are sent to SQS. `refuse` names the commands that fail. */
export const fakeSqs = (refuse: readonly string[] = []): SqsClient & { readonly sent: Sent[] } => {
  const sent: Sent[] = []
  return {
    sent,
    send: async (command) => {
      const name = command.constructor.name
      sent.push({ command: name, input: (command as { input: Record<string, unknown> }).input })
      if (refuse.includes(name)) throw new Error('AccessDenied')
      return name === 'GetQueueUrlCommand'
        ? { QueueUrl: 'https://sqs.us-east-1.amazonaws.com/123456789012/orders' }
        : {}
    },
  }
}

/** The changed visibility timeouts: message id to seconds. */
export const movedTo = (sqs: { readonly sent: readonly Sent[] }): Record<string, unknown> =>
  Object.fromEntries(
    sqs.sent
      .filter(({ command }) => command === 'ChangeMessageVisibilityCommand')
      .map(({ input }) => [String(input.ReceiptHandle).replace('receipt-', ''), input.VisibilityTimeout]),
  )

/** A promise, and the function that resolves it. */
export const aGate = (): { readonly opened: Promise<void>; readonly open: () => void } => {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Options over a table, with a new operation. `onError` is silent, so expected errors are not in the test's log. */
export const orderOptions = (
  tableName: string,
  more: Partial<SqsOptions<Order>> & { client?: DynamoDBClient } = {},
): SqsOptions<Order> & { readonly events: IdempotencyEvent[] } => {
  const { client = testClient(), ...options } = more
  const events: IdempotencyEvent[] = []
  const all = {
    store: dynamoDbStore({ tableName, client, skewSeconds: 0 }),
    operation: `orders-${randomUUID()}`,
    tenant: 'single-tenant' as const,
    key: (order: Order) => order.orderId,
    onError: () => {},
    observe: (event: IdempotencyEvent) => events.push(event),
    runtime: patientRuntime,
    ...options,
  }
  return Object.defineProperty(all, 'events', { value: events, enumerable: false }) as typeof all & {
    events: IdempotencyEvent[]
  }
}
