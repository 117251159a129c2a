import { causeName, type MessagePart, type QueueStep } from '../core/events.ts'
import type { RecordKey } from '../core/identity/record-key.ts'
import type { Settings } from '../core/settings.ts'
import { millis } from '../core/time.ts'
import type { Deadline } from './deadline.ts'
import { isFifo, type SqsMessageAttribute, type SqsRecord } from './record.ts'
import type { OnError } from './report.ts'
import { createSender, type Sdk, type SqsClient } from './sender.ts'

/** Why a message goes to the dead-letter queue. */
export type DeadLetterReason =
  | { readonly reason: 'poison' | 'failed' | 'mismatch'; readonly record: RecordKey }
  /** It has no record, because `part` cannot be used. */
  | { readonly reason: 'unusable'; readonly part: MessagePart }

/**
 * The layer's own calls to SQS. None throws: a failure becomes an event and a report. None takes longer than the
 * invocation has left, because SQS redelivers the whole batch if the answer is late.
 */
export interface Queue {
  /** Makes the message visible again after `seconds`. Does nothing under `visibility: 'leave'`. */
  delayFor(record: SqsRecord, seconds: number, deadline: Deadline): Promise<void>
  /** Whether `sendToDeadLetter` sends this message. */
  hasDeadLetter(record: SqsRecord): boolean
  /** Returns whether the send succeeded; `undefined` if the message has no dead-letter queue. */
  sendToDeadLetter(record: SqsRecord, reason: DeadLetterReason, deadline: Deadline): Promise<boolean | undefined>
}

export interface QueueChoice {
  readonly moves: boolean
  readonly deadLetterUrl: string | undefined
  readonly client: SqsClient | undefined
  readonly report: OnError
}

/** The layer's attributes of a dead letter: `lambda-once-reason`, and `-record` or `-part`. */
const ATTRIBUTE_PREFIX = 'lambda-once-'
const LAYER_ATTRIBUTE = /^lambda-once-(reason|record|part)$/

/** 12 hours: SQS refuses more. */
const MAX_VISIBILITY_SECONDS = 43_200

/** SQS allows ten attributes. The message's own come first, since its key may be one of them. */
const MAX_ATTRIBUTES = 10

/** Time to return the answer to the event source. */
const ANSWER_MARGIN = millis(300)

export const createQueue = (
  { runtime, emit, operation }: Settings,
  { moves, deadLetterUrl, client: given, report }: QueueChoice,
): Queue => {
  const urls = new Map<string, string>()
  const call = createSender(runtime, given, 'The options "visibility" and "deadLetter" need')
  const send = ({ left }: Deadline, make: (sdk: Sdk) => object): Promise<unknown> =>
    call(make, millis(left() - ANSWER_MARGIN))

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

  const attempt = async (step: QueueStep, record: SqsRecord, call: () => Promise<unknown>): Promise<boolean> => {
    try {
      await call()
      return true
    } catch (error) {
      emit(() => ({ type: 'queueFailed', operation, step, error: causeName(error) }))
      report(error, record)
      return false
    }
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
    [
      ...ownAttributes(record),
      ...Object.entries(reason).map(([name, text]) => [ATTRIBUTE_PREFIX + name, textAttribute(text)] as const),
    ].slice(0, MAX_ATTRIBUTES),
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

const textAttribute = (StringValue: string) => ({ DataType: 'String', StringValue })

const sentAttribute = ({ dataType, stringValue, binaryValue }: SqsMessageAttribute) => ({
  DataType: dataType,
  StringValue: stringValue,
  BinaryValue: binaryValue === undefined ? undefined : Buffer.from(binaryValue, 'base64'),
})
