import type { KeyAnswer, skip } from '../batch/key.ts'
import type { SqsMessage } from './record.ts'

/**
 * Where the idempotency key of a message comes from.
 *
 * | choice | after a redelivery | after a redrive from a dead-letter queue | if the producer sends it again |
 * | --- | --- | --- | --- |
 * | a function of the body | same key | same key | same key |
 * | `{ attribute: 'name' }` | same key | same key | same key, if the producer sets the same value |
 * | `'deduplicationId'` (FIFO), with the message group | same key | may be a new key | same key, if the producer sets the same id |
 * | `'messageId'` | same key | new key | new key |
 *
 * A function returns a string, a safe integer (its decimal text is the key) or {@link skip}. A message with a known key
 * and another fingerprint is a mismatch: see the option `payload`.
 */
export type KeyChoice<TBody> =
  | ((body: TBody, message: SqsMessage<TBody>) => KeyAnswer)
  | { readonly attribute: string }
  | 'deduplicationId'
  | 'messageId'

/** `undefined` if the message has no key. */
export const keyOf = <TBody>(choice: KeyChoice<TBody>, message: SqsMessage<TBody>): KeyAnswer => {
  if (typeof choice === 'function') return choice(message.body, message)
  if (choice === 'messageId') return message.messageId
  if (choice === 'deduplicationId') return deduplicationKey(message)
  return Object.hasOwn(message.messageAttributes, choice.attribute)
    ? message.messageAttributes[choice.attribute]?.stringValue
    : undefined
}

/**
 * The key contains the group: if a queue's `DeduplicationScope` is `messageGroup`, SQS delivers messages of two groups
 * that have the same id.
 */
const deduplicationKey = <TBody>({ attributes }: SqsMessage<TBody>): string | undefined =>
  attributes.MessageDeduplicationId === undefined
    ? undefined
    : JSON.stringify([attributes.MessageGroupId ?? '', attributes.MessageDeduplicationId])
