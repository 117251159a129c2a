import type { Fingerprint } from '../identity/fingerprint.ts'
import { type EpochMillis, later, type Millis } from '../time.ts'
import type { TakeOverReason } from './claim.ts'
import { isSettled, type SettledRecord, type StoredRecord } from './record.ts'

/** What an abandoned record waits for: any retry, or a decision by a person. */
export type AbandonedPolicy = 'rerun' | 'hold'

export interface JudgeTerms {
  readonly fingerprint: Fingerprint
  /** The store's clock where it told, else this host's. */
  readonly now: EpochMillis
  readonly skew: Millis
  readonly abandoned: AbandonedPolicy
}

export type Verdict =
  | { readonly kind: 'takeOver'; readonly reason: TakeOverReason }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'replay'; readonly record: SettledRecord }
  | { readonly kind: 'conflict'; readonly retryAfterSeconds: number }
  /** Abandoned and held. */
  | { readonly kind: 'outcomeUnknown' }

/** What a request may do about the record that it met. The order of the questions is the rule. */
export const judge = (record: StoredRecord, terms: JudgeTerms): Verdict => {
  if (record.status !== 'IN_PROGRESS' && isExpired(record.expiresAt, terms.now)) return takeOver('expired')
  if (record.status === 'RELEASED') return takeOver('released')
  if (record.fingerprint !== terms.fingerprint) return { kind: 'mismatch' }
  if (isSettled(record)) return { kind: 'replay', record }
  if (isLive(record.leaseExpiresAt, terms)) return conflictUntil(record.leaseExpiresAt, terms)
  return terms.abandoned === 'hold' ? { kind: 'outcomeUnknown' } : takeOver('abandoned')
}

/**
 * When a retry is worth while. One second is added because the store's clock has a resolution of one, so that who
 * waits this long is not refused again.
 */
export const retryAfterSeconds = (
  leaseExpiresAt: EpochMillis,
  { now, skew }: Pick<JudgeTerms, 'now' | 'skew'>,
): number => Math.max(1, Math.ceil((leaseExpiresAt + skew - now) / 1000) + 1)

/** DynamoDB's TTL sweeps late, by days at worst: the record's own time decides, not its presence. */
export const isExpired = (expiresAt: EpochMillis, now: EpochMillis): boolean => now >= expiresAt

const isLive = (leaseExpiresAt: EpochMillis | undefined, { now, skew }: JudgeTerms): leaseExpiresAt is EpochMillis =>
  leaseExpiresAt !== undefined && now <= later(leaseExpiresAt, skew)

const takeOver = (reason: TakeOverReason): Verdict => ({ kind: 'takeOver', reason })

const conflictUntil = (leaseExpiresAt: EpochMillis, terms: JudgeTerms): Verdict => ({
  kind: 'conflict',
  retryAfterSeconds: retryAfterSeconds(leaseExpiresAt, terms),
})
