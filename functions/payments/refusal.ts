import { type Answer, answer } from './answer.ts'

/** Why a request is refused: the field, its value, and the rule that it breaks. */
export interface Refusal {
  readonly statusCode: number
  readonly field: string
  readonly value?: unknown
  readonly rule: string
}

/** A longer value does not help to find the mistake. */
const LONGEST_SHOWN_VALUE = 100

export const refused = ({ statusCode, field, value, rule }: Refusal): Answer =>
  answer(statusCode, { error: { field, ...(isShort(value) ? { value } : {}), rule } })

const isShort = (value: unknown): boolean => (JSON.stringify(value)?.length ?? Infinity) <= LONGEST_SHOWN_VALUE
