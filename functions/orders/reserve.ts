import type { Order } from './order.ts'
import { writeOrder } from './order-rows.ts'
import { beforeReservation } from './test-skus.ts'

export interface ReservationOf {
  /** Begins with `res_`. The caller chooses it, and gives a run that may repeat this one the same id. */
  readonly id: string
  /** 1 for the first run of this order. */
  readonly run: number
}

/** Reserves the stock and writes the order. A second run for the same order changes nothing. */
export const reserve = async (order: Order, { id, run }: ReservationOf): Promise<void> => {
  await beforeReservation(order.sku, run)
  await writeOrder(order, id)
}
