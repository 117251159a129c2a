import { MAX_SKEW_SECONDS } from '../core/limits.ts'
import { integerBetween, type Rule } from '../core/option-rules.ts'

export interface TableOptions {
  /**
   * Name or ARN of a table with the partition key `pk` (String), no sort key, and TTL on `expiresAt`. `undefined`, as
   * from a missing environment variable, throws `OptionError`.
   */
  readonly tableName: string | undefined
  /**
   * How far a host's clock may be from DynamoDB's, in seconds: 0 to 60. A take-over waits this much longer after a lease
   * has ended.
   *
   * @default 2
   */
  readonly skewSeconds?: number | undefined
}

/** Names, and ARNs for tables of another account: 3 to 255 and up to 1,024 characters, from the DynamoDB API reference. */
const TABLE_NAME = /^(?:[A-Za-z0-9_.-]{3,255}|arn:[A-Za-z0-9:/_.-]{1,1020})$/

const aTableName: Rule = (value) => {
  if (value === undefined) return 'must be the name of the table; is its environment variable set?'
  return typeof value === 'string' && TABLE_NAME.test(value)
    ? undefined
    : 'must be the name (3 to 255 of A-Z a-z 0-9 _ . -) or the ARN of the table'
}

export const TABLE_RULES: Readonly<Record<keyof TableOptions, { readonly required?: boolean; readonly rule: Rule }>> = {
  tableName: { required: true, rule: aTableName },
  skewSeconds: { rule: integerBetween(0, MAX_SKEW_SECONDS) },
}
