import { type Answer, answer } from './answer.ts'
import { type PaymentRow, shownPayment } from './payment.ts'
import { type PaymentOrder, readPaymentOrder } from './payment-order.ts'
import { writePayment } from './payment-rows.ts'
import { refused } from './refusal.ts'

/**
 * Takes a payment. The caller chooses `id`. A second run with the same `id` changes nothing: it finds the row of the
 * first run and gives the same answer.
 */
export const pay = async (merchantId: string, id: string, body: string | undefined): Promise<Answer> => {
  const order = readPaymentOrder(body)
  if (order.kind === 'refused') return refused(order)

  const { source } = order.value
  const refusal = await source.before?.()
  if (refusal !== undefined) return refused(refusal)

  const { kind, row } = await writePayment(newRow(merchantId, id, order.value))
  if (kind === 'written') source.afterFirstWrite?.()
  return answer(201, shownPayment(row), { location: `/payments/${id}` })
}

const newRow = (merchantId: string, id: string, order: PaymentOrder): PaymentRow => ({
  merchantId,
  id,
  amount: order.amount,
  refundable: order.amount,
  currency: order.currency,
  source: order.source.name,
  metadata: JSON.stringify(order.metadata),
  createdAt: new Date().toISOString(),
})
