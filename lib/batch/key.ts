import { IdempotencyError } from '../core/errors.ts'
import { keyText } from '../core/identity/record-key.ts'
import { isObject } from '../core/option-rules.ts'
import { unawaited } from '../core/unawaited.ts'

/**
 * A `key` function returns this for a message that needs no run. The message is acknowledged without a claim. It is a
 * symbol, so no text in a message can be mistaken for it.
 *
 * @example
 * key: (body) => (body.Event === 's3:TestEvent' ? skip : s3Key(body.Records[0]))
 */
export const skip: unique symbol = Symbol.for('lambda-once.skip')

/** What a `key` function may return. */
export type KeyAnswer = string | number | typeof skip | null | undefined

/** The key that the option answered. Throws {@link IdempotencyError} `key-missing` or `key-invalid`. */
export const checkedKey = (answer: unknown): string | typeof skip => {
  if (answer === undefined || answer === null || answer === '') {
    throw new IdempotencyError('key-missing', 'The key option found no key in this message')
  }
  if (answer === skip) return skip
  if (typeof answer === 'string' || typeof answer === 'number') return keyText(answer)
  unawaited(answer)
  const type = isObject(answer) ? ('then' in answer ? 'a promise' : 'an object') : `a ${typeof answer}`
  const rule = `The key option answered ${type}; it must answer a string, a number or skip`
  throw new IdempotencyError('key-invalid', rule)
}
