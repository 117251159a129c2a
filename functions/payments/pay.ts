import { type Answer, answer } from './answer.ts'
import type { Charge } from './charge.ts'
import { type PaymentRow, shownPayment } from './payment.ts'
import { type PaymentOrder, readPaymentOrder } from './payment-order.ts'
import { writePayment } from './payment-rows.ts'
import { provider } from './provider.ts'
import { refused } from './refusal.ts'

/** Whose payment it is, and the ids that stay the same when a run repeats another. */
export interface PaymentOf {
  readonly merchantId: string
  readonly id: string
  /** The idempotency key for the provider. */
  readonly chargeKey: string
  /** 1 for the first run of this payment. */
  readonly run: number
  readonly signal?: AbortSignal | undefined
}

/** The process dies after the charge and before the answer: the case that idempotency is for. */
const CRASH_SOURCE = 'tok_crash'

/** The process dies before the charge, in the first run only. */
const CRASH_BEFORE_SOURCE = 'tok_crash_before'

/**
 * Takes a payment: charges, then writes the row. A second run with the same ids changes nothing: the provider answers
 * with the same charge, and the row is there already.
 */
export const pay = async (payment: PaymentOf, body: string | undefined): Promise<Answer> => {
  const order = readPaymentOrder(body)
  if (order.kind === 'refused') return refused(order)
  const { amount, currency, source } = order.value
  if (source === CRASH_BEFORE_SOURCE && payment.run === 1) process.exit(1)
  const reference = payment.merchantId
  const charged = await provider.charge(payment.chargeKey, { amount, currency, source, reference }, payment.signal)
  if (charged.kind === 'refused') return refused(charged)

  const { isNew, paid } = await recordPayment(payment, order.value, charged.charge)
  if (isNew && source === CRASH_SOURCE) process.exit(1)
  return paid
}

/** Writes the row of a charge, unless it exists, and makes the answer from the row. */
export const recordPayment = async (
  payment: PaymentOf,
  order: PaymentOrder,
  charge: Charge,
): Promise<{ readonly isNew: boolean; readonly paid: Answer }> => {
  const { kind, row } = await writePayment(rowOf(payment, order, charge))
  return { isNew: kind === 'written', paid: answer(201, shownPayment(row), { location: `/payments/${row.id}` }) }
}

const rowOf = ({ merchantId, id }: PaymentOf, order: PaymentOrder, charge: Charge): PaymentRow => ({
  merchantId,
  id,
  chargeId: charge.id,
  amount: order.amount,
  refundable: order.amount,
  currency: order.currency,
  source: order.source,
  metadata: JSON.stringify(order.metadata),
  createdAt: charge.createdAt,
})
