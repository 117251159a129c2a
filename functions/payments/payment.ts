/** A payment as it is kept. The sort key begins with `pay_`, that of a refund with `ref_`: both share a table. */
export interface PaymentRow {
  readonly merchantId: string
  readonly id: string
  readonly amount: number
  /** What is left of the amount: a refund takes from it, and never more than there is. */
  readonly refundable: number
  readonly currency: string
  readonly source: string
  /** JSON text: DynamoDB's own numbers and maps hold less than JSON does. */
  readonly metadata: string
  readonly createdAt: string
}

/** A payment as the API shows it. */
export interface Payment {
  readonly id: string
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
