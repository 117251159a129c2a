import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { jsonAnswer, type WireAnswer } from '../gateway/answer.ts'
import type { MemoryQueue } from './memory-queue.ts'

export interface SqsApiOf {
  readonly queue: MemoryQueue
  readonly queueName: string
  readonly queueUrl: string
}

type Input = Readonly<Record<string, unknown>>

/** 12 hours, SQS's upper bound. */
const MAX_VISIBILITY_SECONDS = 43_200

/** What a producer and a worker with `visibility: 'move'` call, in SQS's JSON protocol. */
export const sqsApi = ({ queue, queueName, queueUrl }: SqsApiOf) => {
  const operations: Readonly<Record<string, (input: Input) => WireAnswer>> = {
    'AmazonSQS.SendMessage': ({ QueueUrl, MessageBody }) =>
      QueueUrl === queueUrl && typeof MessageBody === 'string' && MessageBody !== ''
        ? jsonAnswer(200, { MessageId: queue.send(MessageBody), MD5OfMessageBody: md5(MessageBody) })
        : refused('InvalidParameterValue'),

    'AmazonSQS.GetQueueUrl': ({ QueueName }) =>
      QueueName === queueName ? jsonAnswer(200, { QueueUrl: queueUrl }) : refused('QueueDoesNotExist'),

    'AmazonSQS.ChangeMessageVisibility': ({ ReceiptHandle, VisibilityTimeout }) => {
      const seconds = Number(VisibilityTimeout)
      if (!(seconds >= 0 && seconds <= MAX_VISIBILITY_SECONDS)) return refused('InvalidParameterValue')
      return queue.delayFor(String(ReceiptHandle), seconds) ? jsonAnswer(200, {}) : refused('MessageNotInflight')
    },
  }

  return (headers: IncomingHttpHeaders, body: Buffer): WireAnswer => {
    const operation = operations[String(headers['x-amz-target'])]
    const input = asObject(body)
    return operation === undefined || input === undefined ? refused('UnsupportedOperation') : operation(input)
  }
}

/** The SDK compares it with the digest of what it sent. */
const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

const refused = (code: string): WireAnswer =>
  jsonAnswer(400, { __type: `com.amazonaws.sqs#${code}`, message: `The local queue refused this: ${code}` })

const asObject = (body: Buffer): Input | undefined => {
  try {
    const input: unknown = JSON.parse(body.toString('utf8'))
    return typeof input === 'object' && input !== null ? (input as Input) : undefined
  } catch {
    return undefined
  }
}
