import { TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import { paginateQuery, TransactWriteCommand } from '@aws-sdk/lib-dynamodb'
import type { Order } from './order.ts'
import { documents, tableName } from './table.ts'

/** Orders and reservations share a table. Their sort keys begin with `order_` and `res_`. */
const ORDER_PREFIX = 'order_'
const RESERVATION_PREFIX = 'res_'

export interface OrderRow extends Order {
  readonly id: string
  readonly reservationId: string
  readonly createdAt: string
}

export interface ReservationRow {
  readonly merchantId: string
  readonly id: string
  readonly sku: string
  readonly quantity: number
}

/** Reserves the stock and writes the order, both or neither. If the order exists, it reserves nothing more. */
export const writeOrder = async (order: Order, reservationId: string): Promise<void> => {
  const { merchantId, orderId, sku, quantity } = order
  const createdAt = new Date().toISOString()
  const row: OrderRow = { ...order, id: ORDER_PREFIX + orderId, reservationId, createdAt }
  const reservation: ReservationRow = { merchantId, id: reservationId, sku, quantity }
  try {
    await documents.send(new TransactWriteCommand({ TransactItems: [once(row), once(reservation)] }))
  } catch (error) {
    if (!isThereAlready(error)) throw error
  }
}

const once = (Item: OrderRow | ReservationRow) => ({
  Put: { TableName: tableName, Item, ConditionExpression: 'attribute_not_exists(id)' },
})

/** The first reason is the one for the order. */
const isThereAlready = (error: unknown): boolean =>
  error instanceof TransactionCanceledException && error.CancellationReasons?.[0]?.Code === 'ConditionalCheckFailed'

export const readOrders = (merchantId: string): Promise<readonly OrderRow[]> => readRows(merchantId, ORDER_PREFIX)
export const readReservations = (merchantId: string): Promise<readonly ReservationRow[]> =>
  readRows(merchantId, RESERVATION_PREFIX)

const readRows = async <TRow>(merchantId: string, prefix: string): Promise<readonly TRow[]> => {
  const rows: TRow[] = []
  const query = {
    TableName: tableName,
    KeyConditionExpression: 'merchantId = :merchantId AND begins_with(id, :prefix)',
    ExpressionAttributeValues: { ':merchantId': merchantId, ':prefix': prefix },
    ConsistentRead: true,
  }
  for await (const page of paginateQuery({ client: documents }, query)) rows.push(...((page.Items ?? []) as TRow[]))
  return rows
}
