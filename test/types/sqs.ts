/** What has to compile, and what must not: checked by the type checker, never run. */
import type { SQSClient } from '@aws-sdk/client-sqs'
import middy from '@middy/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type {
  Context,
  DynamoDBStreamEvent,
  EventBridgeEvent,
  KinesisStreamEvent,
  S3Event,
  SNSEvent,
  SQSEvent,
  SQSHandler,
} from 'aws-lambda'
import { z } from 'zod'
import type { Store } from '../../lib/index.ts'
import {
  asynchronousKey,
  dynamoDbStreamKey,
  eventBridgeKey,
  kinesisKey,
  s3Key,
  snsKey,
} from '../../lib/sources/index.ts'
import { type HandlerClaim, type SqsMessage, snsInSqs, sqsHandler } from '../../lib/sqs/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(): T | undefined => undefined

interface Order {
  readonly orderId: string
}
declare const store: Store
const common = { store, operation: 'orders', tenant: 'single-tenant' } as const

// The body's type comes from the validator, in the handler, the key, the tenant and the payload.
sqsHandler(
  (message, claim) => {
    holds<Equal<typeof message.body, { orderId: string; at: Date }>>()
    holds<Equal<typeof claim, HandlerClaim | undefined>>()
  },
  {
    ...common,
    parse: z.object({ orderId: z.string(), at: z.coerce.date() }),
    tenant: ({ body }) => body.orderId,
    key: (body, message) => {
      holds<Equal<typeof message.body.at, Date>>()
      return body.orderId
    },
    payload: ({ body }) => body.at.toISOString(),
  },
)

// Or from a parse function, or from what is written out.
sqsHandler(({ body }) => void holds<Equal<typeof body, Order>>(), {
  ...common,
  parse: (text: string): Order => ({ orderId: text }),
  key: (order) => order.orderId,
})
sqsHandler<Order>(async ({ body }) => body.orderId, { ...common, key: ({ orderId }) => orderId })
sqsHandler(async (message: SqsMessage<Order>) => message.receiveCount, { ...common, key: 'messageId' })
sqsHandler(({ body }) => void holds<Equal<typeof body, Order>>(), { ...common, ...snsInSqs<Order>() })

// Any Standard Schema validator.
declare const schema: StandardSchemaV1<unknown, Order>
sqsHandler(({ body }) => void holds<Equal<typeof body, Order>>(), { ...common, parse: schema, key: 'deduplicationId' })

// AWS's own types of the event, the answer, the context and the client; alone and in a chain.
const bare: SQSHandler = sqsHandler<Order, Context>((_message, _claim, context) => context.awsRequestId, {
  ...common,
  key: { attribute: 'idempotency' },
})
middy<SQSEvent>().handler(sqsHandler<Order, Context>(() => {}, { ...common, key: 'messageId' }))
declare const client: SQSClient
sqsHandler<Order>(() => {}, { ...common, key: 'messageId', visibility: 'move', sqs: client })

// @ts-expect-error: the key is a required choice.
sqsHandler<Order>(() => {}, { ...common })
// @ts-expect-error: the tenant is a required choice.
sqsHandler<Order>(() => {}, { store, operation: 'orders', key: 'messageId' })
// @ts-expect-error: an unknown option.
sqsHandler<Order>(() => {}, { ...common, key: 'messageId', retries: 1 })
// @ts-expect-error: no such word.
sqsHandler<Order>(() => {}, { ...common, key: 'body' })
// @ts-expect-error: not a member of the body.
sqsHandler<Order>(() => {}, { ...common, key: (order) => order.id })

// The sources take the events of `@types/aws-lambda` as they are.
export const keysOf = (
  sns: SNSEvent,
  kinesis: KinesisStreamEvent,
  stream: DynamoDBStreamEvent,
  s3: S3Event,
  event: EventBridgeEvent<'Order', Order>,
  context: Context,
): readonly string[] => [
  ...sns.Records.map(snsKey),
  ...kinesis.Records.map(kinesisKey),
  ...stream.Records.map((record) => dynamoDbStreamKey(record)),
  ...s3.Records.map(s3Key),
  eventBridgeKey(event),
  asynchronousKey(context),
]
export { bare }
