/** What has to compile, and what must not: checked by the type checker, never run. */
import type { SQSClient } from '@aws-sdk/client-sqs'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import middy from '@middy/core'
import type {
  DynamoDBStreamHandler as AwsDynamoDbStreamHandler,
  KinesisStreamHandler as AwsKinesisStreamHandler,
  Context,
  KinesisStreamEvent,
  MSKEvent,
  SelfManagedKafkaEvent,
  SQSRecord,
} from 'aws-lambda'
import { z } from 'zod'
import type { Store } from '../../lib/index.ts'
import { kafkaKey } from '../../lib/sources/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import {
  dynamoDbStreamHandler,
  type HandlerClaim,
  type Image,
  type KafkaBatchResponse,
  kafkaHandler,
  kinesisHandler,
  skip,
} from '../../lib/streams/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(): T | undefined => undefined

interface Order {
  readonly orderId: string
}
declare const store: Store
declare const client: SQSClient
const common = { store, operation: 'orders', tenant: 'single-tenant' } as const

// The type of the data comes from the validator, or is written out.
kinesisHandler(
  ({ data, partitionKey }, claim) => {
    holds<Equal<typeof data, { orderId: string; at: Date }>>()
    holds<Equal<typeof partitionKey, string>>()
    holds<Equal<typeof claim, HandlerClaim | undefined>>()
  },
  {
    ...common,
    parse: z.object({ orderId: z.string(), at: z.coerce.date() }),
    tenant: ({ data }) => data.orderId,
    key: (data, message) => {
      holds<Equal<typeof message.data.at, Date>>()
      return data.orderId
    },
    payload: ({ data }) => data.at.toISOString(),
  },
)

// AWS's own types of the events, the answers and the context; alone and in a chain.
const kinesis: AwsKinesisStreamHandler = kinesisHandler<Order, Context>((_message, _claim, context) => context, common)
const changes: AwsDynamoDbStreamHandler = dynamoDbStreamHandler<Order, Context>(() => {}, {
  ...common,
  unmarshall: (image) => unmarshall(image) as Order,
  key: ({ newImage }) => newImage?.orderId ?? skip,
})
const kafka: (event: MSKEvent | SelfManagedKafkaEvent, context: Context) => Promise<KafkaBatchResponse> = kafkaHandler<
  Order,
  Context
>(({ value, key }) => [value.orderId, key], { ...common, failures: 'report', order: 'key' })
middy<KinesisStreamEvent>().handler(kinesisHandler<Order, Context>(() => {}, common))

// The bare array of a pipe.
declare const records: SQSRecord[]
sqsHandler<Order>(() => {}, { ...common, key: 'messageId' })(records, {})

// Images as they are, or by a function of an image.
dynamoDbStreamHandler(({ newImage }) => void holds<Equal<typeof newImage, Image | undefined>>(), common)
dynamoDbStreamHandler<Order>(() => {}, { ...common, unmarshall: (image: Image) => ({ orderId: `${image.orderId}` }) })

kinesisHandler<Order>(() => {}, { ...common, deadLetter: { queueUrl: 'https://sqs/dead' }, sqs: client })
kafkaHandler<Order>(() => {}, { ...common, deadLetter: async ({ record }) => void kafkaKey(record) })

// @ts-expect-error: the tenant is a required choice.
kinesisHandler<Order>(() => {}, { store, operation: 'orders' })
// @ts-expect-error: an unknown option.
kinesisHandler<Order>(() => {}, { ...common, visibility: 'move' })
// @ts-expect-error: the word of another stream.
kinesisHandler<Order>(() => {}, { ...common, order: 'partition' })
// @ts-expect-error: not a member of the data.
kinesisHandler<Order>(() => {}, { ...common, key: (order) => order.id })

export { changes, kafka, kinesis }
