import type { Deadline } from '../batch/deadline.ts'
import type { OnError } from '../batch/report.ts'
import type { SqsClient } from '../batch/sender.ts'
import type { DeadLetterReason, Exits } from '../batch/source.ts'
import { createSqsCalls, reasonAttributes, type SentAttribute } from '../batch/sqs-calls.ts'
import type { Settings } from '../core/settings.ts'
import { isFifo, type SqsMessageAttribute, type SqsRecord } from './record.ts'

/** The layer's own calls to SQS. */
export type Queue = Exits<SqsRecord>

export interface QueueChoice {
  readonly moves: boolean
  readonly deadLetterUrl: string | undefined
  readonly client: SqsClient | undefined
  readonly report: OnError<SqsRecord>
}

/** The layer's attributes of a dead letter. */
const LAYER_ATTRIBUTE = /^lambda-once-(reason|record|part)$/

/** 12 hours: SQS refuses more. */
const MAX_VISIBILITY_SECONDS = 43_200

/** SQS allows ten attributes. The message's own come first, since its key may be one of them. */
const MAX_ATTRIBUTES = 10

export const createQueue = (core: Settings, { moves, deadLetterUrl, client, report }: QueueChoice): Queue => {
  const { send, attempt } = createSqsCalls(core, { client, report })
  const urls = new Map<string, string>()

  /** Asks SQS: a URL built from the ARN would be wrong in other partitions, behind VPC endpoints and on emulators. */
  const urlOf = async (arn: string, deadline: Deadline): Promise<string> => {
    const known = urls.get(arn)
    if (known !== undefined) return known
    const [QueueOwnerAWSAccountId, QueueName] = arn.split(':').slice(4)
    const answer = await send(deadline, (sdk) => new sdk.GetQueueUrlCommand({ QueueName, QueueOwnerAWSAccountId }))
    const url = (answer as { QueueUrl?: string }).QueueUrl
    if (url === undefined) throw new Error('SQS knows no URL of the queue')
    urls.set(arn, url)
    return url
  }

  const deadLetterOf = ({ eventSourceARN }: SqsRecord): string | undefined =>
    isFifo(eventSourceARN) ? deadLetterUrl : undefined

  return {
    delayFor: async (record, seconds, deadline) => {
      if (!moves) return
      await attempt('visibility', record, async () => {
        const move = {
          QueueUrl: await urlOf(record.eventSourceARN, deadline),
          ReceiptHandle: record.receiptHandle,
          VisibilityTimeout: Math.min(seconds, MAX_VISIBILITY_SECONDS),
        }
        await send(deadline, (sdk) => new sdk.ChangeMessageVisibilityCommand(move))
      })
    },

    hasDeadLetter: (record) => deadLetterOf(record) !== undefined,

    sendToDeadLetter: async (record, reason, deadline) => {
      const url = deadLetterOf(record)
      if (url === undefined) return undefined
      return attempt('deadLetter', record, () =>
        send(deadline, (sdk) => new sdk.SendMessageCommand(letter(url, record, reason))),
      )
    },
  }
}

const letter = (QueueUrl: string, record: SqsRecord, reason: DeadLetterReason) => ({
  QueueUrl,
  MessageBody: record.body,
  MessageAttributes: Object.fromEntries(
    [...ownAttributes(record), ...reasonAttributes(reason)].slice(0, MAX_ATTRIBUTES),
  ),
  // After a crash before the acknowledgement the message is sent again. SQS drops a second send within five minutes.
  ...(isFifo(QueueUrl) && {
    MessageGroupId: record.attributes.MessageGroupId,
    MessageDeduplicationId: record.messageId,
  }),
})

/** Drops the reason attributes of an earlier dead-lettering of the same message. */
const ownAttributes = ({ messageAttributes }: SqsRecord) =>
  Object.entries(messageAttributes)
    .filter(([name]) => !LAYER_ATTRIBUTE.test(name))
    .map(([name, attribute]) => [name, sentAttribute(attribute)] as const)

const sentAttribute = ({ dataType, stringValue, binaryValue }: SqsMessageAttribute): SentAttribute => ({
  DataType: dataType,
  StringValue: stringValue,
  BinaryValue: binaryValue === undefined ? undefined : Buffer.from(binaryValue, 'base64'),
})
