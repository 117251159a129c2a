/** An order of a merchant. */
export interface Order {
  readonly merchantId: string
  readonly orderId: string
  readonly sku: string
  readonly quantity: number
}

const MAX_QUANTITY = 10_000

/** Ids that fit in a sort key and are readable. */
const ID = /^[\x21-\x7e]{1,100}$/

/** Throws for a message that is not a valid order. Only that message fails, and ends in the dead-letter queue. */
export const parseOrder = (text: string): Order => {
  const fields: unknown = JSON.parse(text)
  if (typeof fields !== 'object' || fields === null) throw invalid('body', 'must be a JSON object')
  const { merchantId, orderId, sku, quantity } = fields as Readonly<Record<string, unknown>>
  if (!isQuantity(quantity)) throw invalid('quantity', `must be an integer from 1 to ${MAX_QUANTITY}`)
  return { merchantId: id('merchantId', merchantId), orderId: id('orderId', orderId), sku: id('sku', sku), quantity }
}

const id = (field: string, value: unknown): string => {
  if (typeof value === 'string' && ID.test(value)) return value
  throw invalid(field, 'must be 1 to 100 characters of visible ASCII')
}

const isQuantity = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_QUANTITY

const invalid = (field: string, rule: string): TypeError => new TypeError(`Order field ${field} ${rule}`)
