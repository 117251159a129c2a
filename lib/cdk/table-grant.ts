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

/** What `npx lambda-once` reads: records, the settings of the table, and what `doctor` checks. */
const OPERATOR_READS = [
  'dynamodb:GetItem',
  'dynamodb:Scan',
  'dynamodb:DescribeTable',
  'dynamodb:DescribeTimeToLive',
  'dynamodb:DescribeContinuousBackups',
]

/** Every record and not the item `#settings`: an operator must not change the rule who may approve an override. */
const RECORDS_ONLY = '?*#*'

/** Grants access to the records of one operation only. */
export const grantOperation = (table: ITable, grantee: IGrantable, operation: string): Grant =>
  withKey(
    table,
    grantee,
    Grant.addToPrincipal({
      grantee,
      actions: CLAIM_ACTIONS,
      resourceArns: [table.tableArn],
      conditions: leadingKeys(leadingKeysOf(operation)),
    }),
  )

/** Grants what a person needs. It can neither put nor delete a record. */
export const grantPerson = (table: ITable, grantee: IGrantable): Grant => {
  const resourceArns = [table.tableArn]
  const reads = Grant.addToPrincipal({ grantee, actions: OPERATOR_READS, resourceArns })
  const conditions = leadingKeys(RECORDS_ONLY)
  const acts = Grant.addToPrincipal({ grantee, actions: ['dynamodb:UpdateItem'], resourceArns, conditions })
  return withKey(table, grantee, reads.combine(acts))
}

export const leadingKeys = (pattern: string): Record<string, Record<string, unknown>> => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [pattern] },
  // ForAllValues is also true for a request without leading keys.
  Null: { 'dynamodb:LeadingKeys': 'false' },
})

const withKey = ({ encryptionKey }: ITable, grantee: IGrantable, onTable: Grant): Grant =>
  encryptionKey === undefined ? onTable : onTable.combine(encryptionKey.grant(grantee, ...KEY_ACTIONS))
