import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { clientConfig, output } from './target.ts'

const sqs = new SQSClient({ ...clientConfig(process.env), useQueueUrlAsEndpoint: false })

export interface Order {
  readonly merchantId: string
  readonly orderId: string
  readonly sku: string
  readonly quantity: number
}

/** Sends up to ten messages in one call, so that they can arrive in one batch. */
export const sendOrders = async (...orders: readonly Order[]): Promise<void> => {
  const Entries = orders.map((order, index) => ({ Id: String(index), MessageBody: JSON.stringify(order) }))
  const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: output('OrdersQueueUrl'), Entries }))
  if (Failed.length > 0) throw new Error(`Not sent: ${JSON.stringify(Failed)}`)
}

/** Messages in the queue, visible and in flight. */
export const depth = async (): Promise<number> => {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: output('OrdersQueueUrl'),
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  )
  return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0)
}

/** Receives and deletes the messages in the dead-letter queue. */
export const takeDeadLetters = async (): Promise<readonly Order[]> => {
  const QueueUrl = output('OrdersDeadLetterQueueUrl')
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
  )
  await Promise.all(
    Messages.map(({ ReceiptHandle }) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))),
  )
  return Messages.map(({ Body }: Message) => JSON.parse(Body ?? ''))
}
