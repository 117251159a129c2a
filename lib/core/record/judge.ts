import type { Fingerprint } from '../identity/fingerprint.ts'
import { type EpochMillis, later, type Millis } from '../time.ts'
import type { TakeOverReason } from './claim.ts'
import { type InProgressRecord, isSettled, type SettledRecord, type StoredRecord } from './record.ts'

/**
 * What an abandoned record waits for. `'rerun'`: any retry. `'hold'`: the decision of a person. `'ask'`: the answer of
 * a reconcile function.
 */
export type AbandonedRule = 'rerun' | 'hold' | 'ask'

/** What a record is judged by. */
export interface JudgeTerms {
  readonly fingerprint: Fingerprint
  /** The store's clock if it reported one, otherwise this host's. */
  readonly now: EpochMillis
  readonly skew: Millis
  readonly abandoned: AbandonedRule
  /** How long after its beginning a generation may run again; `undefined`: without bound under `rerun`. */
  readonly rerunWithin?: Millis | undefined
  /** When a run that starts now ends at the latest: the end of the lease that it would get. */
  readonly runEndsAt: EpochMillis
}

/** What a request may do about a record. */
export type Verdict =
  /** `ask`: the reconcile function is asked before anything runs. */
  | { readonly kind: 'takeOver'; readonly reason: TakeOverReason; readonly ask?: true }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'replay'; readonly record: SettledRecord }
  | { readonly kind: 'conflict'; readonly retryAfterSeconds: number }
  /** Abandoned and held. */
  | { readonly kind: 'outcomeUnknown' }
  /** Abandoned, and asked about a short while ago without a decision. */
  | { readonly kind: 'pending'; readonly retryAfterSeconds: number }

/** Decides what a request may do about the record that it found. The order of the questions is the rule. */
export const judge = (record: StoredRecord, terms: JudgeTerms): Verdict => {
  if (record.status !== 'IN_PROGRESS' && isExpired(record.expiresAt, terms.now)) return takeOver('expired')
  if (record.status === 'RELEASED') return takeOver('released')
  if (record.fingerprint !== terms.fingerprint) return isOverridden(record, terms) ? takeOver('overridden') : MISMATCH
  if (isSettled(record)) return { kind: 'replay', record }
  if (isLive(record.leaseExpiresAt, terms)) return conflictUntil(record.leaseExpiresAt, terms)
  return judgeAbandoned(record, terms)
}

const MISMATCH: Verdict = { kind: 'mismatch' }

/** Two persons have agreed that this payload may use the key. A live lease still wins. */
const isOverridden = (record: StoredRecord, terms: JudgeTerms): boolean => {
  const { override } = record
  if (override?.approvedAt === undefined || terms.now >= override.until) return false
  const lease = record.status === 'IN_PROGRESS' ? record.leaseExpiresAt : undefined
  return override.fingerprint === terms.fingerprint && !isLive(lease, terms)
}

/** A run has to be able to end while the downstream still knows the keys of its generation. */
const judgeAbandoned = (record: InProgressRecord, terms: JudgeTerms): Verdict => {
  const { abandoned, rerunWithin, runEndsAt, now, skew } = terms
  if (abandoned === 'hold') return { kind: 'outcomeUnknown' }
  const { generationAt = record.createdAt, reconcileAt = now } = record
  const isYoung = rerunWithin !== undefined && later(runEndsAt, skew) <= later(generationAt, rerunWithin)
  if (isYoung) return takeOver('abandoned')
  if (abandoned === 'rerun') return rerunWithin === undefined ? takeOver('abandoned') : { kind: 'outcomeUnknown' }
  return now < reconcileAt
    ? { kind: 'pending', retryAfterSeconds: secondsUntil(reconcileAt, now) }
    : { kind: 'takeOver', reason: 'abandoned', ask: true }
}

/** When a client should retry. A client that waits this long is not refused again. */
export const retryAfterSeconds = (
  leaseExpiresAt: EpochMillis,
  { now, skew }: Pick<JudgeTerms, 'now' | 'skew'>,
): number => secondsUntil(later(leaseExpiresAt, skew), now)

/** The time left, and one second more: the store's clock decides, and its resolution is one second. */
export const secondsUntil = (at: EpochMillis, now: EpochMillis): number => Math.max(1, Math.ceil((at - now) / 1000) + 1)

/** DynamoDB's TTL deletes late, by days at worst. So the record's own time decides, not its presence. */
export const isExpired = (expiresAt: EpochMillis, now: EpochMillis): boolean => now >= expiresAt

export const isLive = (
  leaseExpiresAt: EpochMillis | undefined,
  { now, skew }: Pick<JudgeTerms, 'now' | 'skew'>,
): leaseExpiresAt is EpochMillis => leaseExpiresAt !== undefined && now <= later(leaseExpiresAt, skew)

const takeOver = (reason: TakeOverReason): Verdict => ({ kind: 'takeOver', reason })

const conflictUntil = (leaseExpiresAt: EpochMillis, terms: JudgeTerms): Verdict => ({
  kind: 'conflict',
  retryAfterSeconds: retryAfterSeconds(leaseExpiresAt, terms),
})
