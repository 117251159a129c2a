import { type OrderRow, type ReservationRow, readOrders, readReservations } from './order-rows.ts'

export interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A merchant's orders, newest first, and the reserved quantity of each SKU. */
export const allOrders = async (merchantId: string): Promise<Answer> => {
  const [orders, reservations] = await Promise.all([readOrders(merchantId), readReservations(merchantId)])
  const newestFirst = [...orders].sort((a, b) => b.createdAt.localeCompare(a.createdAt))
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ orders: newestFirst.map(shownOrder), reserved: reservedBySku(reservations) }),
  }
}

const shownOrder = ({ orderId, sku, quantity, reservationId, createdAt }: OrderRow): unknown => ({
  orderId,
  sku,
  quantity,
  reservationId,
  createdAt,
})

const reservedBySku = (reservations: readonly ReservationRow[]): Readonly<Record<string, number>> => {
  const bySku = new Map<string, number>()
  for (const { sku, quantity } of reservations) bySku.set(sku, (bySku.get(sku) ?? 0) + quantity)
  return Object.fromEntries(bySku)
}
