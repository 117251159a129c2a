import { canonicalText } from '../core/identity/canonical-json.ts'
import { isObject } from '../core/option-rules.ts'

/**
 * The members that EventBridge sets anew: `id` and `time` when a producer puts an event again, `replay-name` when
 * EventBridge replays it from an archive.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
 */
const OF_REPLAY = ['replay-name']
const OF_EVENT = ['id', 'time', ...OF_REPLAY]
const REST_OF_EVENT = ['version', 'detail-type', 'source', 'account', 'region', 'resources', 'detail']
const EVENT_MEMBERS: ReadonlySet<string> = new Set([...OF_EVENT, ...REST_OF_EVENT])

/**
 * The members that SNS sets anew for each publication. Topic, subject and message attributes are the producer's.
 * https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html
 */
const OF_NOTIFICATION = [
  'MessageId',
  'Timestamp',
  'SequenceNumber',
  'SignatureVersion',
  'Signature',
  'SigningCertURL',
  'UnsubscribeURL',
]

/** How the extended clients of SQS begin a body that is stored in S3. The second form is that of their first version. */
const POINTER =
  /^\s*\[\s*"(?:software\.amazon\.payloadoffloading\.PayloadS3|com\.amazon\.sqs\.javamessaging\.MessageS3)Pointer"/

/** The envelope of a message that SNS delivers to SQS, unless raw message delivery is on. */
export interface SnsEnvelope {
  readonly Type: 'Notification'
  /** The same on each delivery of one publication, to all subscribers. A second publication has another id. */
  readonly MessageId: string
  readonly TopicArn: string
  readonly Message: string
  readonly Subject?: string
}

/** A pointer to S3 names an upload, not its content: a second upload of the same content has another name. */
export const isPointer = (text: string): boolean => POINTER.test(text)

export const isNotification = (value: unknown): value is SnsEnvelope =>
  isObject(value) && value.Type === 'Notification' && isText(value.MessageId) && isText(value.Message)

/**
 * The text of a body without the members that EventBridge or SNS added. It is the same for each publication of one
 * message. Any other text is returned unchanged.
 */
export const publishedText = (text: string): string => {
  // Most bodies contain neither word, and are not parsed here.
  if (!text.includes('"detail"') && !text.includes('"Notification"')) return text
  const body = parsed(text)
  if (isNotification(body)) return notificationText(text, body)
  return isEvent(body) ? (canonicalText(text, leftOutOf(body)) ?? text) : text
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const notificationText = (text: string, { Message }: SnsEnvelope): string => {
  const rest = canonicalText(text, new Set(['Message', ...OF_NOTIFICATION]))
  return rest === undefined ? text : JSON.stringify([rest, publishedText(Message)])
}

/** An event has only the members of an event: in any other body `id` and `time` belong to the producer. */
const isEvent = (body: unknown): body is Record<string, unknown> =>
  isObject(body) &&
  isText(body.id) &&
  isText(body.time) &&
  isObject(body.detail) &&
  !Array.isArray(body.detail) &&
  Object.keys(body).every((name) => EVENT_MEMBERS.has(name))

/** No producer puts an event of an AWS service again: another id is another event, even if all else is equal. */
const leftOutOf = ({ source }: Record<string, unknown>): ReadonlySet<string> =>
  new Set(isText(source) && source.startsWith('aws.') ? OF_REPLAY : OF_EVENT)

const isText = (value: unknown): value is string => typeof value === 'string'
