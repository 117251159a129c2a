import { IdempotencyError } from '../core/errors.ts'
import { keyText } from '../core/identity/record-key.ts'
import { isObject } from '../core/option-rules.ts'
import { unawaited } from '../core/unawaited.ts'
import type { SqsMessage } from './message.ts'

/**
 * The answer of a `key` function for a message that needs no run, such as the test event of S3: the message is
 * acknowledged without a claim. A symbol, so that nothing in a message can be taken for it.
 */
export const skip: unique symbol = Symbol.for('lambda-once.skip')

/**
 * Where a message's idempotency key comes from.
 *
 * | choice | a redelivery | a redrive from a dead-letter queue | sent again by its producer |
 * | --- | --- | --- | --- |
 * | a function of the body | same key | same key | same key |
 * | `{ attribute }` | same key | same key | same key, where the producer sets it so |
 * | `'deduplicationId'`, with the message group | same key | may be a new key | same key, where the producer sets the same id |
 * | `'messageId'` | same key | new key | new key |
 *
 * The same key with another fingerprint is a mismatch: see the option `payload`. A function may answer a number, which
 * counts as its decimal text and must be a safe integer, or {@link skip}.
 */
export type KeyChoice<TBody> =
  | ((body: TBody, message: SqsMessage<TBody>) => string | number | typeof skip | null | undefined)
  | { readonly attribute: string }
  | 'deduplicationId'
  | 'messageId'

/** Throws {@link IdempotencyError} where there is no key, or none that can be one. */
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

/** `undefined` where the message has no such key. */
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
 * The group is part of it: where a queue's `DeduplicationScope` is `messageGroup`, two groups may have messages with one
 * id, and SQS delivers both.
 */
const deduplicationKey = <TBody>({ attributes }: SqsMessage<TBody>): string | undefined =>
  attributes.MessageDeduplicationId === undefined
    ? undefined
    : JSON.stringify([attributes.MessageGroupId ?? '', attributes.MessageDeduplicationId])
