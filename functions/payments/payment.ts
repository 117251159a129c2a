/** A payment as stored. Payments and refunds share a table; their sort keys begin with `pay_` and `ref_`. */
export interface PaymentRow {
  readonly merchantId: string
  readonly id: string
  /** The charge at the provider. */
  readonly chargeId: string
  readonly amount: number
  /** The part of the amount that is not refunded yet. Never negative. */
  readonly refundable: number
  readonly currency: string
  readonly source: string
  /** JSON text, because DynamoDB's numbers and maps cannot hold every JSON value. */
  readonly metadata: string
  readonly createdAt: string
}

/** A payment as the API returns it. */
export interface Payment {
  readonly id: string
  /** Id of the charge at the provider. */
  readonly charge: string
  readonly amount: number
  readonly currency: string
  readonly source: string
  readonly metadata: unknown
  readonly status: 'succeeded' | 'partially_refunded' | 'refunded'
  readonly createdAt: string
}

export const PAYMENT_PREFIX = 'pay_'

export const isPaymentId = (id: string): boolean => /^pay_[0-9a-f-]{36}$/.test(id)

export const shownPayment = (row: PaymentRow): Payment => ({
  id: row.id,
  charge: row.chargeId,
  amount: row.amount,
  currency: row.currency,
  source: row.source,
  metadata: JSON.parse(row.metadata),
  status: statusOf(row),
  createdAt: row.createdAt,
})

const statusOf = ({ amount, refundable }: PaymentRow): Payment['status'] => {
  if (refundable === amount) return 'succeeded'
  return refundable === 0 ? 'refunded' : 'partially_refunded'
}
