import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { GetCommand, PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb'
import { PAYMENT_PREFIX, type PaymentRow } from './payment.ts'
import { documents, tableName } from './table.ts'

export type Written = { readonly kind: 'written' | 'found'; readonly row: PaymentRow }

/** Writes one row per id. If the row exists, it is returned unchanged. */
export const writePayment = async (row: PaymentRow): Promise<Written> => {
  try {
    await documents.send(
      new PutCommand({ TableName: tableName, Item: row, ConditionExpression: 'attribute_not_exists(id)' }),
    )
    return { kind: 'written', row }
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error
    return { kind: 'found', row: (await readPayment(row.merchantId, row.id)) ?? row }
  }
}

export const readPayment = async (merchantId: string, id: string): Promise<PaymentRow | undefined> => {
  const { Item } = await documents.send(
    new GetCommand({ TableName: tableName, Key: { merchantId, id }, ConsistentRead: true }),
  )
  return Item as PaymentRow | undefined
}

export const readPayments = async (merchantId: string): Promise<readonly PaymentRow[]> => {
  const rows: PaymentRow[] = []
  const query = {
    TableName: tableName,
    KeyConditionExpression: 'merchantId = :merchantId AND begins_with(id, :prefix)',
    ExpressionAttributeValues: { ':merchantId': merchantId, ':prefix': PAYMENT_PREFIX },
    ConsistentRead: true,
  }
  for await (const page of paginateQuery({ client: documents }, query)) {
    rows.push(...((page.Items ?? []) as PaymentRow[]))
  }
  return rows
}
