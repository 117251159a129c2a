import { createHash } from 'node:crypto'
import type { SQSEvent, SQSRecord } from 'aws-lambda'
import type { Received } from './memory-queue.ts'

export interface QueueIdentity {
  readonly arn: string
  readonly region: string
}

/** The event that Lambda sends for a batch: "Using Lambda with Amazon SQS", example standard queue message event. */
export const batchEvent = (messages: readonly Received[], queue: QueueIdentity): SQSEvent => ({
  Records: messages.map((message) => recordOf(message, queue)),
})

const recordOf = (message: Received, { arn, region }: QueueIdentity): SQSRecord => ({
  messageId: message.messageId,
  receiptHandle: message.receiptHandle,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAt),
    SenderId: 'local',
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
  },
  messageAttributes: {},
  md5OfBody: createHash('md5').update(message.body).digest('hex'),
  eventSource: 'aws:sqs',
  eventSourceARN: arn,
  awsRegion: region,
})
