import { StoreMisconfiguredError } from '../core/errors.ts'
import { isObject } from '../core/option-rules.ts'
import type { Item } from './item.ts'

interface Output {
  readonly Item?: Item | null
}

/** The members of the outputs of PutItem, UpdateItem and GetItem, from the DynamoDB API reference. */
const MEMBERS = ['Attributes', 'ConsumedCapacity', 'Item', 'ItemCollectionMetrics']

/**
 * Refuses a value that is not an output of DynamoDB, such as the `undefined` of a mock without behaviour, or an unsent
 * request of another SDK. Such a value must not count as a won claim.
 */
export const outputOf = (answer: unknown, tableName: string): Output => {
  if (isPlainObject(answer) && ('$metadata' in answer || Object.keys(answer).every((name) => MEMBERS.includes(name)))) {
    return answer
  }
  throw new StoreMisconfiguredError(
    `Table "${tableName}": the client's answer (${typeof answer}) is no output of DynamoDB. ` +
      'The client has to answer as a client of the AWS SDK v3 does; for a write {} is enough.',
  )
}

/** Objects of another realm count too: a test runner's objects have their own `Object.prototype`. */
const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (!isObject(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
