import { type Answer, answer } from './answer.ts'
import { readAmount, readFields } from './fields.ts'
import { unknownPayment } from './look-up.ts'
import { isPaymentId } from './payment.ts'
import { type RefundRow, type RefundWritten, writeRefund } from './refund-rows.ts'
import { type Refusal, refused } from './refusal.ts'

export interface RefundOf {
  readonly merchantId: string
  readonly paymentId: string
  /** The caller chooses it. A second run with the same id refunds nothing more. */
  readonly id: string
}

export const refund = async ({ merchantId, paymentId, id }: RefundOf, body: string | undefined): Promise<Answer> => {
  const fields = readFields(body)
  if (fields.kind === 'refused') return refused(fields)
  const amount = readAmount(fields.value)
  if (amount.kind === 'refused') return refused(amount)
  if (!isPaymentId(paymentId)) return refused(unknownPayment(paymentId))

  const row = { merchantId, id, paymentId, amount: amount.value, createdAt: new Date().toISOString() }
  const written = await writeRefund(row)
  return written.kind === 'refunded' ? answer(201, shownRefund(written.row)) : refused(refusalOf(row, written))
}

const shownRefund = ({ id, paymentId, amount, createdAt }: RefundRow): unknown => ({
  id,
  paymentId,
  amount,
  status: 'succeeded',
  createdAt,
})

const refusalOf = (row: RefundRow, written: Exclude<RefundWritten, { kind: 'refunded' }>): Refusal => {
  if (written.kind === 'no-such-payment') return unknownPayment(row.paymentId)
  const about = { statusCode: 409, field: 'amount', value: row.amount }
  return written.kind === 'too-much'
    ? { ...about, rule: `must be at most ${written.left}, which is what is left of the payment` }
    : { ...about, rule: 'another refund of this payment is being made; try again' }
}
