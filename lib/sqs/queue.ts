import { causeName, type MessagePart, type QueueStep } from '../core/events.ts'
import type { RecordKey } from '../core/identity/record-key.ts'
import { DeadlinePassed } from '../core/runtime.ts'
import type { Settings } from '../core/settings.ts'
import { fromSeconds, millis } from '../core/time.ts'
import { isFifo, type SqsMessageAttribute, type SqsRecord } from './record.ts'
import { type OnError, report } from './report.ts'

/** Anything with the SDK client's `send`, such as an `SQSClient`. */
export interface SqsClient {
  send(command: object, options?: { abortSignal?: AbortSignal }): Promise<unknown>
}

/** Why a message is in the dead-letter queue. */
export type DeadLetterReason =
  | { readonly reason: 'poison' | 'failed' | 'mismatch'; readonly record: RecordKey }
  /** It has no record, because this part of it cannot be used. */
  | { readonly reason: 'unusable'; readonly part: MessagePart }

/**
 * What the layer asks of SQS beside its answer to the event source. Neither throws: what fails is told and reported.
 * Neither takes longer than the invocation has left: a batch whose answer comes late is delivered again as a whole.
 */
export interface Queue {
  /** Makes the message visible again that many seconds from now; nothing where visibility is left alone. */
  hideFor(record: SqsRecord, seconds: number, left: TimeLeft): Promise<void>
  /** Whether there is a dead-letter queue for this message to be sent to. */
  mayBury(record: SqsRecord): boolean
  /** Whether the message is safe in the dead-letter queue; `undefined` where it has none to go to. */
  bury(record: SqsRecord, reason: DeadLetterReason, left: TimeLeft): Promise<boolean | undefined>
}

/** Milliseconds left of the invocation. */
export type TimeLeft = () => number

export interface QueueChoice {
  readonly moves: boolean
  readonly deadLetterUrl: string | undefined
  readonly client: SqsClient | undefined
  readonly onError: OnError
}

/** Our attributes of a dead letter: `lambda-once-reason`, and `-record` or `-part`. */
const ATTRIBUTE_PREFIX = 'lambda-once-'
const ATTRIBUTES: ReadonlySet<string> = new Set(['reason', 'record', 'part'].map((name) => ATTRIBUTE_PREFIX + name))

/** 12 hours: SQS refuses more. */
const MAX_VISIBILITY_SECONDS = 43_200

/** A message has room for ten attributes. Its own come first, since its key may be one; ours where there is room. */
const MAX_ATTRIBUTES = 10

const CALL_BUDGET = fromSeconds(2)

/** What the answer to the event source needs. */
const ANSWER_MARGIN = millis(300)

/** As the store's own client: the SDK's defaults wait without bound, and send three times. */
const BOUNDED = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 900, throwOnRequestTimeout: true },
}

type Sdk = typeof import('@aws-sdk/client-sqs')

/** Loaded when the first call is made: who does not ask for these calls does not have to install the package. */
const loadSdk = (): Promise<Sdk> =>
  import('@aws-sdk/client-sqs').catch((cause: unknown) => {
    throw new Error('The options "visibility" and "deadLetter" need @aws-sdk/client-sqs to be installed', { cause })
  })

export const createQueue = (settings: Settings, { moves, deadLetterUrl, client, onError }: QueueChoice): Queue => {
  const urls = new Map<string, string>()
  let sender: SqsClient | undefined = client

  const send = async (left: TimeLeft, make: (sdk: Sdk) => object): Promise<unknown> => {
    const sdk = await loadSdk()
    sender ??= new sdk.SQSClient(BOUNDED)
    const to = sender
    const budget = millis(Math.min(CALL_BUDGET, left() - ANSWER_MARGIN))
    if (budget <= 0) throw new DeadlinePassed('The invocation has no time left to ask SQS')
    return settings.runtime.withDeadline(budget, (abortSignal) => to.send(make(sdk), { abortSignal }))
  }

  /** Asked for, not put together: partitions, VPC endpoints and emulators all have URLs of their own. */
  const urlOf = async (arn: string, left: TimeLeft): Promise<string> => {
    const known = urls.get(arn)
    if (known !== undefined) return known
    const [QueueOwnerAWSAccountId, QueueName] = arn.split(':').slice(4)
    const answer = await send(left, (sdk) => new sdk.GetQueueUrlCommand({ QueueName, QueueOwnerAWSAccountId }))
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
      const { operation } = settings
      settings.emit(() => ({ type: 'queueFailed', operation, step, error: causeName(error) }))
      report(onError, error, record)
      return false
    }
  }

  const mayBury = (record: SqsRecord): boolean => deadLetterUrl !== undefined && isFifo(record.eventSourceARN)

  return {
    mayBury,

    hideFor: async (record, seconds, left) => {
      if (!moves) return
      await attempt('visibility', record, async () => {
        const QueueUrl = await urlOf(record.eventSourceARN, left)
        const ReceiptHandle = record.receiptHandle
        const VisibilityTimeout = Math.min(seconds, MAX_VISIBILITY_SECONDS)
        const move = { QueueUrl, ReceiptHandle, VisibilityTimeout }
        await send(left, (sdk) => new sdk.ChangeMessageVisibilityCommand(move))
      })
    },

    bury: async (record, reason, left) => {
      if (deadLetterUrl === undefined || !mayBury(record)) return undefined
      return attempt('deadLetter', record, () =>
        send(left, (sdk) => new sdk.SendMessageCommand(deadLetterOf(deadLetterUrl, record, reason))),
      )
    },
  }
}

const deadLetterOf = (QueueUrl: string, record: SqsRecord, reason: DeadLetterReason) => ({
  QueueUrl,
  MessageBody: record.body,
  MessageAttributes: Object.fromEntries(
    [
      ...ownAttributes(record).map(([name, value]) => [name, sentAttribute(value)] as const),
      ...Object.entries(reason).map(([name, text]) => [ATTRIBUTE_PREFIX + name, textAttribute(text)] as const),
    ].slice(0, MAX_ATTRIBUTES),
  ),
  // A second send within five minutes, after a crash between this and the acknowledgement, is dropped by the queue.
  ...(isFifo(QueueUrl)
    ? { MessageGroupId: record.attributes.MessageGroupId, MessageDeduplicationId: record.messageId }
    : {}),
})

/** Of a message that was buried and redriven before, without what the layer said of it then. */
const ownAttributes = ({ messageAttributes }: SqsRecord): readonly (readonly [string, SqsMessageAttribute])[] =>
  Object.entries(messageAttributes ?? {}).filter(([name]) => !ATTRIBUTES.has(name))

const textAttribute = (StringValue: string) => ({ DataType: 'String', StringValue })

const sentAttribute = ({ dataType, stringValue, binaryValue }: SqsMessageAttribute) => ({
  DataType: dataType,
  ...(stringValue === undefined ? {} : { StringValue: stringValue }),
  ...(binaryValue === undefined ? {} : { BinaryValue: Buffer.from(binaryValue, 'base64') }),
})
