import { marshall } from '@aws-sdk/util-dynamodb'
import { plainItems } from 'lambda-once/dynamodb'
import type { RefusalReason, TransactItem } from 'lambda-once/effects'
import { tableName } from './table.ts'

export interface RefundRow {
  readonly merchantId: string
  readonly id: string
  readonly paymentId: string
  readonly amount: number
  readonly createdAt: string
}

/** Takes the amount from the payment and writes the refund. The transaction that they belong to happens once. */
export const refundItems = (row: RefundRow): readonly TransactItem[] =>
  plainItems(marshall, [
    {
      Update: {
        TableName: tableName,
        Key: { merchantId: row.merchantId, id: row.paymentId },
        UpdateExpression: 'SET refundable = refundable - :amount',
        ConditionExpression: 'refundable >= :amount',
        ExpressionAttributeValues: { ':amount': row.amount },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    },
    { Put: { TableName: tableName, Item: row } },
  ])

/** What is left of the payment; `undefined` if there is no such payment. `reasons` are in the order of the items. */
export const refundableIn = ([payment]: readonly (RefusalReason | undefined)[]): number | undefined => {
  const refundable = payment?.item?.refundable as { readonly N?: string } | undefined
  return refundable === undefined ? undefined : Number(refundable.N)
}
