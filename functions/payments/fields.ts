import type { Refusal } from './refusal.ts'

export type Fields = Readonly<Record<string, unknown>>
export type Read<T> = { readonly kind: 'valid'; readonly value: T } | ({ readonly kind: 'refused' } & Refusal)

/** 999,999.99 in a currency with two decimals. */
export const MAX_AMOUNT = 99_999_999

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const invalid = (field: string, value: unknown, rule: string): { readonly kind: 'refused' } & Refusal => ({
  kind: 'refused',
  statusCode: 400,
  field,
  value,
  rule,
})

export const readFields = (body: string | undefined): Read<Fields> => {
  const value = parsed(body)
  return isObject(value) ? { kind: 'valid', value } : invalid('body', body, 'must be a JSON object')
}

export const readAmount = ({ amount }: Fields): Read<number> =>
  typeof amount === 'number' && Number.isInteger(amount) && amount >= 1 && amount <= MAX_AMOUNT
    ? { kind: 'valid', value: amount }
    : invalid('amount', amount, `must be an integer from 1 to ${MAX_AMOUNT}, in minor units such as cents`)

const parsed = (body: string | undefined): unknown => {
  try {
    return JSON.parse(body ?? '')
  } catch {
    return undefined
  }
}
