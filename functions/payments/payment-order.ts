import { invalid, isObject, type Read, readAmount, readFields } from './fields.ts'

/** A valid request for a payment. */
export interface PaymentOrder {
  readonly amount: number
  readonly currency: string
  /** What the provider charges, such as the token of a card. */
  readonly source: string
  readonly metadata: Readonly<Record<string, unknown>>
}

const CURRENCIES: ReadonlySet<unknown> = new Set(Intl.supportedValuesOf('currency'))

/** DynamoDB allows rows of 400 KB, but a list of payments has to fit in an answer of 6 MB. */
const MAX_METADATA_BYTES = 16_384

export const readPaymentOrder = (body: string | undefined): Read<PaymentOrder> => {
  const fields = readFields(body)
  if (fields.kind === 'refused') return fields
  const { currency, source, metadata = {} } = fields.value

  const amount = readAmount(fields.value)
  if (amount.kind === 'refused') return amount
  if (!isCurrency(currency)) return invalid('currency', currency, 'must be an ISO 4217 code such as "EUR"')
  if (!isSource(source)) return invalid('source', source, 'must be a token such as "tok_ok"')
  if (!isObject(metadata)) return invalid('metadata', metadata, 'must be a JSON object')
  if (Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES) {
    return invalid('metadata', metadata, `must be at most ${MAX_METADATA_BYTES} bytes of JSON`)
  }
  return { kind: 'valid', value: { amount: amount.value, currency, source, metadata } }
}

const isCurrency = (value: unknown): value is string => CURRENCIES.has(value)

/** The provider decides whether the token exists. */
const isSource = (value: unknown): value is string => typeof value === 'string' && /^tok_[a-z_]{1,40}$/.test(value)
