import { QUEUED_WEBHOOK_RETENTION_SECONDS } from '../core/limits.ts'
import { isObject } from '../core/option-rules.ts'
import type { SqsMessage } from '../sqs/record.ts'
import { NOTHING } from './admit.ts'
import { eventOf, headerOf, textOf, type WebhookDelivery } from './delivery.ts'

/** A delivery that came over a queue. Of its headers it has those that the provider keeps, and the content type. */
export interface QueuedDelivery<TEvent = unknown> extends WebhookDelivery<TEvent> {
  readonly tenant: string
}

/** The version of a message's form. A message of another version is not read. */
const FORM = 'lambda-once/webhook/1'

/** SQS takes the characters of XML 1.0 only. JSON escapes the others but these two. */
const NOT_IN_XML = /[\uFFFE\uFFFF]/g

const jsonOf = (value: unknown): string =>
  JSON.stringify(value).replace(NOT_IN_XML, (character) => `\\u${character.charCodeAt(0).toString(16)}`)

/** SQS charges for each begun 64 KB, so a shorter text of fewer saves nothing. People can read the plain one. */
const CHUNK_BYTES = 65_536

/**
 * Whether the body can stand in the message as a text, and should. JSON may make two characters of one, or six, and SQS
 * limits the whole message: then Base64 is shorter, with four characters for three.
 */
const isPlain = (body: string, bytes: Uint8Array): boolean => {
  if (!Buffer.from(body).equals(bytes)) return false
  const length = Buffer.byteLength(jsonOf(body))
  return length <= CHUNK_BYTES || length <= Math.ceil(bytes.length / 3) * 4
}

/** The body of the message. */
export const messageOf = (
  { provider, id, headers, pathParameters, bytes, body }: WebhookDelivery,
  tenant: string,
  keptHeaders: readonly string[],
): string => {
  const names = ['content-type', ...keptHeaders.map((name) => name.toLowerCase())]
  const kept = Object.fromEntries(names.map((name) => [name, headerOf({ headers }, name)]))
  const content = isPlain(body, bytes) ? { body } : { base64: Buffer.from(bytes).toString('base64') }
  const message = { form: FORM, provider, tenant, id, headers: kept, pathParameters, ...content }
  return jsonOf(message)
}

interface Message {
  readonly form: unknown
  readonly provider: string
  readonly tenant: string
  readonly id: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly pathParameters: Readonly<Record<string, string | undefined>>
  readonly body?: string
  readonly base64?: string
}

const readMessage = <TEvent>(text: string): QueuedDelivery<TEvent> => {
  const message: unknown = JSON.parse(text)
  if (!isObject(message) || message.form !== FORM) throw new TypeError('The message is not one of webhookToQueue')
  const { provider, tenant, id, headers, pathParameters, body, base64 } = message as unknown as Message
  const bytes = Buffer.from(body ?? base64 ?? '', body === undefined ? 'base64' : 'utf8')
  const content = { headers, bytes, body: textOf(bytes), pathParameters }
  return { provider, tenant, id, ...content, event: eventOf(content) as TEvent }
}

/** The options of `sqsHandler` that a queued event decides. */
export interface QueuedWebhookOptions<TEvent> {
  readonly parse: (text: string) => QueuedDelivery<TEvent>
  readonly key: (delivery: QueuedDelivery<TEvent>) => string
  readonly tenant: (message: SqsMessage<QueuedDelivery<TEvent>>) => string
  readonly payload: (message: SqsMessage<QueuedDelivery<TEvent>>) => unknown
  /**
   * 45 days, in seconds: as long as a built-in sender may deliver an event again, and that delivery may wait on the queue.
   * For a sender with a longer memory give a longer one, after these options.
   */
  readonly retentionSeconds: number
}

/**
 * Options for the consumer of a queue that `webhookToQueue` fills: `sqsHandler` then runs once for each event, under the
 * sender's id. However often the sender delivers an event, and however often it is put on the queue, it is one record.
 *
 * @example
 * export const handler = sqsHandler(bookPayment, { store, operation: 'stripe-events', ...queuedWebhook<StripeEvent>() })
 */
export const queuedWebhook = <TEvent = unknown>(): QueuedWebhookOptions<TEvent> => ({
  parse: readMessage,
  key: ({ id }) => id,
  tenant: ({ body }) => body.tenant,
  payload: () => NOTHING,
  retentionSeconds: QUEUED_WEBHOOK_RETENTION_SECONDS,
})
