import { MAX_SKEW_SECONDS } from '../core/limits.ts'
import { integerBetween, isObject, type Rule } from '../core/option-rules.ts'
import type { ItemClient } from './item-client.ts'

/** The option `keys`, as `tableKeys(…)` of `lambda-once/dynamodb/keys` makes it. */
export interface TableKeys {
  /** In front of each record key. */
  readonly prefix: string
  /** The same client for requests under the names of a record. */
  readonly over: (client: ItemClient) => ItemClient
  /** A request under the names of the table. */
  readonly renamed: <TInput extends object>(input: TInput) => TInput
  /** The answer, or its error, under the names of a record. */
  readonly restored: <TOutput extends object>(answer: Promise<TOutput>) => Promise<TOutput>
  /** How much larger an item is because of the names. */
  readonly moreBytes: number
  /** Whether an item of the table, or its key, is a record's. */
  readonly isRecord: (key: Readonly<Record<string, unknown>>) => boolean
}

export interface TableOptions {
  /**
   * Name or ARN of a table with the partition key `pk` (String), no sort key, and TTL on `expiresAt`, unless `keys` says
   * otherwise. `undefined`, as from a missing environment variable, throws `OptionError`.
   */
  readonly tableName: string | undefined
  /**
   * How far a host's clock may be from DynamoDB's, in seconds: 0 to 60. A take-over waits this much longer after a lease
   * has ended.
   *
   * @default 2
   */
  readonly skewSeconds?: number | undefined
  /**
   * What the table calls its keys and its TTL attribute: `tableKeys(…)` of `lambda-once/dynamodb/keys`.
   *
   * @default the partition key `pk`, no sort key, TTL on `expiresAt`
   */
  readonly keys?: TableKeys | undefined
}

/** Names, and ARNs for tables of another account: 3 to 255 and up to 1,024 characters, from the DynamoDB API reference. */
const TABLE_NAME = /^(?:[A-Za-z0-9_.-]{3,255}|arn:[A-Za-z0-9:/_.-]{1,1020})$/

const aTableName: Rule = (value) => {
  if (value === undefined) return 'must be the name of the table; is its environment variable set?'
  return typeof value === 'string' && TABLE_NAME.test(value)
    ? undefined
    : 'must be the name (3 to 255 of A-Z a-z 0-9 _ . -) or the ARN of the table'
}

const someKeys: Rule = (value) =>
  isObject(value) && typeof value.over === 'function' ? undefined : 'must be made by tableKeys(…)'

export const TABLE_RULES: Readonly<Record<keyof TableOptions, { readonly required?: boolean; readonly rule: Rule }>> = {
  tableName: { required: true, rule: aTableName },
  skewSeconds: { rule: integerBetween(0, MAX_SKEW_SECONDS) },
  keys: { rule: someKeys },
}
