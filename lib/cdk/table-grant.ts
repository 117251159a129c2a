import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import { leadingKeysOf } from './operation.ts'

/** What the store calls. Nothing lists records, reads those of others, or deletes any. */
const CLAIM_ACTIONS = ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']

/** What DynamoDB does with a customer's key in the name of who calls it. `ITable.grant` adds none of it. */
const KEY_ACTIONS = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*']

/** One operation's records, and no others. */
export const grantOperation = (table: ITable, grantee: IGrantable, operation: string): Grant => {
  const onTable = Grant.addToPrincipal({
    grantee,
    actions: CLAIM_ACTIONS,
    resourceArns: [table.tableArn],
    conditions: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [leadingKeysOf(operation)] },
      // ForAllValues is true of a request that has no leading keys at all.
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  })
  const onKey = table.encryptionKey?.grant(grantee, ...KEY_ACTIONS)
  return onKey === undefined ? onTable : onTable.combine(onKey)
}
