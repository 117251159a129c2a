import { transact } from 'lambda-once/effects'
import type { HandlerClaim } from 'lambda-once/http'
import { type Answer, answer } from './answer.ts'
import { readAmount, readFields } from './fields.ts'
import { unknownPayment } from './look-up.ts'
import { isPaymentId } from './payment.ts'
import { type RefundRow, refundableIn, refundItems } from './refund-rows.ts'
import { type Refusal, refused } from './refusal.ts'

export interface RefundOf {
  readonly merchantId: string
  readonly paymentId: string
  readonly id: string
  readonly claim: HandlerClaim | undefined
}

/** The rows and the answer are stored together or not at all, so a refund happens once, also after a crash. */
export const refund = async (
  { merchantId, paymentId, id, claim }: RefundOf,
  body: string | undefined,
): Promise<Answer> => {
  const fields = readFields(body)
  if (fields.kind === 'refused') return refused(fields)
  const amount = readAmount(fields.value)
  if (amount.kind === 'refused') return refused(amount)
  if (!isPaymentId(paymentId)) return refused(unknownPayment(paymentId))

  const row = { merchantId, id, paymentId, amount: amount.value, createdAt: new Date().toISOString() }
  const done = await transact(claim, refundItems(row), answer(201, shownRefund(row)))
  return done.kind === 'committed' ? done.answer : refused(refusalOf(row, refundableIn(done.reasons)))
}

const shownRefund = ({ id, paymentId, amount, createdAt }: RefundRow): unknown => ({
  id,
  paymentId,
  amount,
  status: 'succeeded',
  createdAt,
})

const refusalOf = ({ paymentId, amount }: RefundRow, left: number | undefined): Refusal =>
  left === undefined
    ? unknownPayment(paymentId)
    : {
        statusCode: 409,
        field: 'amount',
        value: amount,
        rule: `must be at most ${left}, which is what is left of the payment`,
      }
