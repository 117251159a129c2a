import type { Fingerprint } from '../identity/fingerprint.ts'
import { type EpochMillis, later, type Millis } from '../time.ts'
import type { TakeOverReason } from './claim.ts'
import { type InProgressRecord, isSettled, type SettledRecord, type StoredRecord } from './record.ts'

/** What an abandoned record waits for: any retry, a decision by a person, or the answer of a reconcile function. */
export type AbandonedRule = 'rerun' | 'hold' | 'ask'

export interface JudgeTerms {
  readonly fingerprint: Fingerprint
  /** The store's clock where it told, else this host's. */
  readonly now: EpochMillis
  readonly skew: Millis
  readonly abandoned: AbandonedRule
  /** How long after its beginning a generation may run again; `undefined`: without bound under `rerun`. */
  readonly rerunWithin?: Millis | undefined
  /** When a run that starts now ends at the latest: the end of the lease that it would get. */
  readonly runEndsAt: EpochMillis
}

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

/** What a request may do about the record that it met. The order of the questions is the rule. */
export const judge = (record: StoredRecord, terms: JudgeTerms): Verdict => {
  if (record.status !== 'IN_PROGRESS' && isExpired(record.expiresAt, terms.now)) return takeOver('expired')
  if (record.status === 'RELEASED') return takeOver('released')
  if (record.fingerprint !== terms.fingerprint) return { kind: 'mismatch' }
  if (isSettled(record)) return { kind: 'replay', record }
  if (isLive(record.leaseExpiresAt, terms)) return conflictUntil(record.leaseExpiresAt, terms)
  return judgeAbandoned(record, terms)
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

/**
 * When a retry is worth while. One second is added because the store's clock has a resolution of one, so that who
 * waits this long is not refused again.
 */
export const retryAfterSeconds = (
  leaseExpiresAt: EpochMillis,
  { now, skew }: Pick<JudgeTerms, 'now' | 'skew'>,
): number => secondsUntil(later(leaseExpiresAt, skew), now)

/** One second more than the time left: the store's clock, which decides, has a resolution of one second. */
export const secondsUntil = (at: EpochMillis, now: EpochMillis): number => Math.max(1, Math.ceil((at - now) / 1000) + 1)

/** DynamoDB's TTL sweeps late, by days at worst: the record's own time decides, not its presence. */
export const isExpired = (expiresAt: EpochMillis, now: EpochMillis): boolean => now >= expiresAt

const isLive = (leaseExpiresAt: EpochMillis | undefined, { now, skew }: JudgeTerms): leaseExpiresAt is EpochMillis =>
  leaseExpiresAt !== undefined && now <= later(leaseExpiresAt, skew)

const takeOver = (reason: TakeOverReason): Verdict => ({ kind: 'takeOver', reason })

const conflictUntil = (leaseExpiresAt: EpochMillis, terms: JudgeTerms): Verdict => ({
  kind: 'conflict',
  retryAfterSeconds: retryAfterSeconds(leaseExpiresAt, terms),
})
