import { type Answer, answer } from './answer.ts'
import { isPaymentId, shownPayment } from './payment.ts'
import { readPayment, readPayments } from './payment-rows.ts'
import { type Refusal, refused } from './refusal.ts'

/** Also for a payment of another merchant, so that a merchant cannot find out whether it exists. */
export const unknownPayment = (id: string): Refusal => ({
  statusCode: 404,
  field: 'id',
  value: id,
  rule: 'must be the id of a payment of this merchant',
})

export const onePayment = async (merchantId: string, id: string): Promise<Answer> => {
  const row = isPaymentId(id) ? await readPayment(merchantId, id) : undefined
  return row === undefined ? refused(unknownPayment(id)) : answer(200, shownPayment(row))
}

/** Newest first. */
export const allPayments = async (merchantId: string): Promise<Answer> => {
  const rows = [...(await readPayments(merchantId))].sort((a, b) => b.createdAt.localeCompare(a.createdAt))
  return answer(200, { payments: rows.map(shownPayment) })
}
