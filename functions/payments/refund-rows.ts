import { TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import { GetCommand, TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb'
import { documents, tableName } from './table.ts'

export interface RefundRow {
  readonly merchantId: string
  readonly id: string
  readonly paymentId: string
  readonly amount: number
  readonly createdAt: string
}

export type RefundWritten =
  | { readonly kind: 'refunded'; readonly row: RefundRow }
  | { readonly kind: 'no-such-payment' }
  | { readonly kind: 'too-much'; readonly left: number }
  | { readonly kind: 'busy' }

/**
 * Takes the amount from the payment and writes the refund, both or neither. A second run with the same id finds the
 * refund and takes nothing.
 */
export const writeRefund = async (row: RefundRow): Promise<RefundWritten> => {
  try {
    await documents.send(new TransactWriteCommand(transactionOf(row)))
    return { kind: 'refunded', row }
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error
    return refusalOf(row, error)
  }
}

const transactionOf = (row: RefundRow): TransactWriteCommandInput => ({
  TransactItems: [
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
    { Put: { TableName: tableName, Item: row, ConditionExpression: 'attribute_not_exists(id)' } },
  ],
})

/** Checks the refund's reason first: if the refund exists, the rest of the payment does not matter. */
const refusalOf = async (row: RefundRow, error: TransactionCanceledException): Promise<RefundWritten> => {
  const [payment, refund] = error.CancellationReasons ?? []
  if (refund?.Code === 'ConditionalCheckFailed') return { kind: 'refunded', row: (await readRefund(row)) ?? row }
  if (payment?.Code === 'TransactionConflict' || refund?.Code === 'TransactionConflict') return { kind: 'busy' }
  if (payment?.Code !== 'ConditionalCheckFailed') throw error
  if (payment.Item === undefined) return { kind: 'no-such-payment' }
  return { kind: 'too-much', left: Number(payment.Item.refundable?.N ?? 0) }
}

const readRefund = async ({ merchantId, id }: RefundRow): Promise<RefundRow | undefined> => {
  const { Item } = await documents.send(
    new GetCommand({ TableName: tableName, Key: { merchantId, id }, ConsistentRead: true }),
  )
  return Item as RefundRow | undefined
}
