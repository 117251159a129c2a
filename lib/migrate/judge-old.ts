import { secondsUntil } from '../core/record/judge.ts'
import { type EpochMillis, later, type Millis } from '../core/time.ts'
import type { OldRecord } from './powertools-item.ts'

/** What a request may do about the record that it found in the old table. */
export type OldVerdict =
  | { readonly kind: 'absent' }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'replay'; readonly answer: unknown }
  /** The old function may be running. */
  | { readonly kind: 'conflict'; readonly retryAfterSeconds: number }
  /** The old function ended without an outcome: the effect may have happened. */
  | { readonly kind: 'inDoubt' }

export interface OldTerms {
  readonly now: EpochMillis
  /** How far two clocks may differ. It lengthens every time here: a late replay is right, an early run is not. */
  readonly skew: Millis
  /** The digest of this request's payload; `undefined` if the old function validated none. */
  readonly validation: string | undefined
}

/** Without a time in the record the old function may end at any moment. */
const UNKNOWN_END_SECONDS = 60

export const judgeOld = (record: OldRecord | undefined, { now, skew, validation }: OldTerms): OldVerdict => {
  if (record === undefined) return { kind: 'absent' }
  const isExpired = now > later(record.expiresAt, skew)
  if (isExpired && record.kind === 'completed') return { kind: 'absent' }
  if (validation !== undefined && record.validation !== undefined && record.validation !== validation)
    return { kind: 'mismatch' }
  if (record.kind === 'completed') return { kind: 'replay', answer: record.answer }
  if (record.until === undefined)
    return isExpired ? { kind: 'inDoubt' } : { kind: 'conflict', retryAfterSeconds: UNKNOWN_END_SECONDS }
  const end = later(record.until, skew)
  return now > end ? { kind: 'inDoubt' } : { kind: 'conflict', retryAfterSeconds: secondsUntil(end, now) }
}
