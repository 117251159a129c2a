import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import { leadingKeysOf } from './operation.ts'

/** The calls that the store makes. It never scans, queries or deletes. */
const CLAIM_ACTIONS = ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']

/** DynamoDB uses a customer managed key with the caller's permissions. `ITable.grant` adds none of these. */
const KEY_ACTIONS = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*']

/** Grants access to the records of one operation only. */
export const grantOperation = (table: ITable, grantee: IGrantable, operation: string): Grant => {
  const onTable = Grant.addToPrincipal({
    grantee,
    actions: CLAIM_ACTIONS,
    resourceArns: [table.tableArn],
    conditions: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [leadingKeysOf(operation)] },
      // ForAllValues is also true for a request without leading keys.
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  })
  const onKey = table.encryptionKey?.grant(grantee, ...KEY_ACTIONS)
  return onKey === undefined ? onTable : onTable.combine(onKey)
}
