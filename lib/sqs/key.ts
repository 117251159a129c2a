import { IdempotencyError } from '../core/errors.ts'
import { keyText } from '../core/identity/record-key.ts'
import { isObject } from '../core/option-rules.ts'
import { unawaited } from '../core/unawaited.ts'
import type { SqsMessage } from './record.ts'

/**
 * A `key` function returns this for a message that needs no run. The message is acknowledged without a claim. It is a
 * symbol, so no text in a message can be mistaken for it.
 *
 * @example
 * key: (body) => (body.Event === 's3:TestEvent' ? skip : s3Key(body.Records[0]))
 */
export const skip: unique symbol = Symbol.for('lambda-once.skip')

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
  | ((body: TBody, message: SqsMessage<TBody>) => string | number | typeof skip | null | undefined)
  | { readonly attribute: string }
  | 'deduplicationId'
  | 'messageId'

/** Throws {@link IdempotencyError} `key-missing` or `key-invalid`. */
export const chosenKey = <TBody>(choice: KeyChoice<TBody>, message: SqsMessage<TBody>): string | typeof skip => {
  const answer = keyOf(choice, message)
  if (answer === undefined || answer === '') {
    throw new IdempotencyError('key-missing', 'The key option found no key in this message')
  }
  if (answer === skip) return skip
  if (typeof answer === 'string' || typeof answer === 'number') return keyText(answer)
  unawaited(answer)
  const type = isObject(answer) ? ('then' in answer ? 'a promise' : 'an object') : `a ${typeof answer}`
  const rule = `The key option answered ${type}; it must answer a string, a number or skip`
  throw new IdempotencyError('key-invalid', rule)
}

/** `undefined` if the message has no key. */
const keyOf = <TBody>(
  choice: KeyChoice<TBody>,
  message: SqsMessage<TBody>,
): string | number | typeof skip | undefined => {
  if (typeof choice === 'function') return choice(message.body, message) ?? undefined
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
