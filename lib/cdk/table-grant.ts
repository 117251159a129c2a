import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import { leadingKeysOf } from './operation.ts'

/** The calls that the store makes. It never scans, queries or deletes. */
const CLAIM_ACTIONS = ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']

/** DynamoDB uses a customer managed key with the caller's permissions. `ITable.grant` adds none of these. */
export const KEY_ACTIONS: readonly string[] = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey*',
  'kms:ReEncrypt*',
]

/** What `npx lambda-once` reads: records and the settings of the table. A scan reads all other items of a table too. */
const OPERATOR_READS = ['dynamodb:GetItem', 'dynamodb:Scan']

/** What `doctor` checks. */
const OPERATOR_CHECKS = ['dynamodb:DescribeTable', 'dynamodb:DescribeTimeToLive', 'dynamodb:DescribeContinuousBackups']

/** Every record and not the item `#settings`: an operator must not change the rule who may approve an override. */
const RECORDS_ONLY = '?*#*'

/** Grants access to the records of one operation only. */
export const grantOperation = (table: ITable, grantee: IGrantable, operation: string, prefix: string): Grant =>
  withKey(
    table,
    grantee,
    Grant.addToPrincipal({
      grantee,
      actions: CLAIM_ACTIONS,
      resourceArns: [table.tableArn],
      conditions: leadingKeys(prefix + leadingKeysOf(operation)),
    }),
  )

/** Grants what a person needs. It can neither put nor delete a record. */
export const grantPerson = (table: ITable, grantee: IGrantable, prefix: string): Grant => {
  const resourceArns = [table.tableArn]
  const grant = (actions: string[], conditions?: Conditions): Grant =>
    Grant.addToPrincipal({ grantee, actions, resourceArns, ...(conditions === undefined ? {} : { conditions }) })
  const reads =
    prefix === ''
      ? grant([...OPERATOR_READS, ...OPERATOR_CHECKS])
      : grant(['dynamodb:GetItem'], leadingKeys(`${prefix}*`)).combine(grant(OPERATOR_CHECKS))
  const acts = grant(['dynamodb:UpdateItem'], leadingKeys(prefix + RECORDS_ONLY))
  return withKey(table, grantee, reads.combine(acts))
}

type Conditions = Record<string, Record<string, unknown>>

export const leadingKeys = (pattern: string): Conditions => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [pattern] },
  // ForAllValues is also true for a request without leading keys.
  Null: { 'dynamodb:LeadingKeys': 'false' },
})

const withKey = ({ encryptionKey }: ITable, grantee: IGrantable, onTable: Grant): Grant =>
  encryptionKey === undefined ? onTable : onTable.combine(encryptionKey.grant(grantee, ...KEY_ACTIONS))
