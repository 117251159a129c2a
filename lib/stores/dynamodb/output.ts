import { StoreMisconfigured } from '../../core/errors.ts'
import { isObject, shown } from '../../core/option-rules.ts'
import type { Item } from './item.ts'

interface Output {
  readonly Item?: Item | null
}

/** The members of the outputs of PutItem, UpdateItem and GetItem, as in the DynamoDB API reference. */
const MEMBERS = ['Attributes', 'ConsumedCapacity', 'Item', 'ItemCollectionMetrics']

/**
 * A client's answer as an output of DynamoDB. A mock without behaviour, or a request of another SDK that was never sent,
 * is none: it must not count as a won claim.
 */
export const outputOf = (answer: unknown, tableName: string): Output => {
  if (isPlainObject(answer) && ('$metadata' in answer || Object.keys(answer).every((name) => MEMBERS.includes(name)))) {
    return answer
  }
  throw new StoreMisconfigured(
    `Table "${tableName}": the client answered ${typeof answer === 'string' ? 'text' : shown(answer)}, which is no output of ` +
      'DynamoDB. A client answers as that of the AWS SDK v3 does; for a write an empty object is enough, also from a mock.',
  )
}

/** Of any realm: a test runner's objects have a prototype of their own. */
const isPlainObject = (value: unknown): value is Record<string, unknown> => {
  if (!isObject(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
