import type { SqsMessage } from './message.ts'

/**
 * Where a message's idempotency key comes from.
 *
 * | choice | a redelivery | a redrive from a dead-letter queue | sent again by its producer |
 * | --- | --- | --- | --- |
 * | a function of the body | same key | same key | same key |
 * | `{ attribute }` | same key | same key | same key, where the producer sets it so |
 * | `'deduplicationId'`, with the message group | same key | may be a new key | same key, where the producer sets the same id |
 * | `'messageId'` | same key | new key | new key |
 */
export type KeyChoice<TBody> =
  | ((body: TBody, message: SqsMessage<TBody>) => string | null | undefined)
  | { readonly attribute: string }
  | 'deduplicationId'
  | 'messageId'

/** `undefined` where the message has no such key; the caller says so. */
export const keyOf = <TBody>(choice: KeyChoice<TBody>, message: SqsMessage<TBody>): string | undefined => {
  if (typeof choice === 'function') return choice(message.body, message) ?? undefined
  if (choice === 'messageId') return message.messageId
  if (choice === 'deduplicationId') return deduplicationKey(message)
  return Object.hasOwn(message.messageAttributes, choice.attribute)
    ? message.messageAttributes[choice.attribute]?.stringValue
    : undefined
}

/**
 * The group is part of it: where a queue's `DeduplicationScope` is `messageGroup`, two groups may have messages with one
 * id, and SQS delivers both.
 */
const deduplicationKey = <TBody>({ attributes }: SqsMessage<TBody>): string | undefined =>
  attributes.MessageDeduplicationId === undefined
    ? undefined
    : JSON.stringify([attributes.MessageGroupId ?? '', attributes.MessageDeduplicationId])
