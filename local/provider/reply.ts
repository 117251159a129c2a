import { jsonAnswer, type WireAnswer } from '../gateway/answer.ts'

/** What the provider does at the end of a request. */
export interface Reply {
  /** `cut`: the connection ends without an answer. */
  readonly sent: WireAnswer | 'cut'
  /** What a later request with the same key gets. Without it the provider forgets the key at once. */
  readonly kept?: WireAnswer
}

/** A result that the key keeps: done, declined, or broken. */
export const kept = (answer: WireAnswer): Reply => ({ sent: answer, kept: answer })

/** Nothing was begun, so the same key may be used again. */
export const notBegun = (sent: WireAnswer | 'cut'): Reply => ({ sent })

export interface Refused {
  readonly code: 'invalid' | 'not-found' | 'card-declined' | 'key-at-work' | 'key-reused' | 'error' | 'unavailable'
  readonly field?: string
  readonly value?: unknown
  readonly rule: string
}

export const refusal = (statusCode: number, error: Refused): WireAnswer => jsonAnswer(statusCode, { error })

export const invalid = (field: string, value: unknown, rule: string): Reply =>
  notBegun(refusal(400, { code: 'invalid', field, value, rule }))
