import type { Rule } from '../core/option-rules.ts'

/** Names, and ARNs for tables of another account: 3 to 255, and up to 1,024, as in the DynamoDB API reference. */
const TABLE_NAME = /^(?:[A-Za-z0-9_.-]{3,255}|arn:[A-Za-z0-9:/_.-]{1,1020})$/

export const aTableName: Rule = (value) => {
  if (value === undefined) return 'must be the name of the table; is its environment variable set?'
  return typeof value === 'string' && TABLE_NAME.test(value)
    ? undefined
    : 'must be the name (3 to 255 of A-Z a-z 0-9 _ . -) or the ARN of the table'
}
