import type { OperatorAct } from '../core/events.ts'
import type { Fingerprint } from '../core/identity/fingerprint.ts'
import {
  DEFAULT_RETENTION_SECONDS,
  DEFAULT_SQS_RETENTION_SECONDS,
  MAX_OVERRIDE_SECONDS,
  MAX_RETENTION_SECONDS,
  MIN_RETENTION_SECONDS,
} from '../core/limits.ts'
import { shown } from '../core/option-rules.ts'
import {
  encodeOutcome,
  type Outcome,
  type OutcomeRoom,
  outcomeIsReplayable,
  outcomeOf,
} from '../core/outcome/outcome.ts'
import { isExpired, isLive } from '../core/record/judge.ts'
import { isSettled, type Override, type Steps, type StoredRecord } from '../core/record/record.ts'
import { type EpochMillis, epochMillis, fromSeconds, later, type Millis } from '../core/time.ts'
import { answerProblem, type OperatorAnswer } from './operator-answer.ts'
import type { OverrideRule } from './table-settings.ts'

/** What an act is judged by. */
export interface ActTerms {
  readonly now: EpochMillis
  readonly skew: Millis
  readonly by: string
  readonly room: OutcomeRoom
}

/** What every act takes. */
export interface ActOptions {
  /** Why, for the audit trail: 1 to 500 characters. */
  readonly reason: string
}

export interface LeaseOptions extends ActOptions {
  /** Acts although the lease is live: the owner may be running, and its outcome is then lost. */
  readonly despiteLiveLease?: boolean
}

export interface SettleOptions extends LeaseOptions {
  readonly answer: OperatorAnswer
  /** @default 'FAILED' for an HTTP status from 400, otherwise 'SUCCEEDED' */
  readonly status?: 'SUCCEEDED' | 'FAILED'
  /** The same as in the function. @default 86,400 (a day); for `'none'` 1,296,000 (15 days) */
  readonly retentionSeconds?: number | undefined
}

export interface ReleaseOptions extends LeaseOptions {
  /** Releases a record that succeeded: the next request does the effect again. */
  readonly forgetSuccess?: boolean
  /** Releases a record that has steps which are done or in doubt: the next request runs those steps again. */
  readonly forgetSteps?: boolean
  /** The same as in the function. @default 86,400 (a day) */
  readonly retentionSeconds?: number | undefined
}

export interface ExtendOptions extends ActOptions {
  /** Counted from now. */
  readonly retentionSeconds: number
}

export interface ProposeOptions extends ActOptions {
  /** Of the payload that may use the key. */
  readonly fingerprint: Fingerprint
  /** How long the override is open: 60 to 604,800 (7 days). @default 86,400 */
  readonly openSeconds?: number
}

/** The change that an act makes. An absent member stays as it is. */
export interface RecordChange {
  readonly act: OperatorAct
  readonly reason: string
  readonly status?: 'SUCCEEDED' | 'FAILED' | 'RELEASED'
  readonly outcome?: Uint8Array
  readonly settledAt?: EpochMillis
  readonly expiresAt?: EpochMillis
  /** `null` removes it. */
  readonly override?: Override | null
  /** All steps of the run after the act. */
  readonly steps?: Steps
  /** Claims of the generation that count as no run. */
  readonly reconciles?: number
  /** The step that it is about. */
  readonly step?: string
}

/** The act cannot be right. `rule` says why, in a sentence. */
export interface ActRefused {
  readonly kind: 'refused'
  readonly rule: string
}

export type Decided = { readonly kind: 'change'; readonly change: RecordChange } | ActRefused

export const refused = (rule: string): ActRefused => ({ kind: 'refused', rule })
export const change = (made: RecordChange): Decided => ({ kind: 'change', change: made })

const LIVE =
  'its lease is live, so its owner may be running; wait until the lease ends, or act all the same with despiteLiveLease (--despite-live-lease)'

export const decideSettle = (record: StoredRecord, options: SettleOptions, terms: ActTerms): Decided => {
  const { answer, reason, retentionSeconds = defaultRetention(answer) } = options
  if (record.status !== 'IN_PROGRESS')
    return refused(`it is ${record.status}, and only a record in progress can be settled`)
  const problem = answerProblem(answer) ?? leaseProblem(record, options, terms) ?? retentionProblem(retentionSeconds)
  if (problem !== undefined) return refused(problem)
  const outcome = encodeOutcome(outcomeFor(answer), terms.room)
  if (!outcomeIsReplayable(outcome)) return refused('the answer is not JSON, or does not fit into an item')
  const { status = statusFor(answer) } = options
  if (status !== 'SUCCEEDED' && status !== 'FAILED')
    return refused(`status is ${shown(status)}; it must be "SUCCEEDED" or "FAILED"`)
  return change({ act: 'settle', reason, status, outcome, ...endedAt(terms.now, retentionSeconds) })
}

/** A message may come again for two weeks. */
const defaultRetention = (answer: OperatorAnswer): number =>
  answer === 'none' ? DEFAULT_SQS_RETENTION_SECONDS : DEFAULT_RETENTION_SECONDS

const outcomeFor = (answer: OperatorAnswer): Outcome => {
  if (answer === 'none') return { kind: 'none' }
  return 'http' in answer ? outcomeOf({ answer: answer.http }) : outcomeOf(answer.value)
}

const statusFor = (answer: OperatorAnswer): 'SUCCEEDED' | 'FAILED' =>
  typeof answer === 'object' && 'http' in answer && answer.http.statusCode >= 400 ? 'FAILED' : 'SUCCEEDED'

export const decideRelease = (record: StoredRecord, options: ReleaseOptions, terms: ActTerms): Decided => {
  const { reason, forgetSuccess = false, forgetSteps = false, retentionSeconds = DEFAULT_RETENTION_SECONDS } = options
  if (record.status === 'RELEASED') return refused('it is released already')
  if (record.status === 'SUCCEEDED' && !forgetSuccess)
    return refused(
      'it succeeded, and a release would let the effect happen again; say so with forgetSuccess (--forget-success)',
    )
  const steps = forgetSteps || record.status !== 'IN_PROGRESS' ? [] : [...(record.steps?.keys() ?? [])]
  if (steps.length > 0)
    return refused(
      `it has steps that are done or in doubt (${steps.join(', ')}), and a release would run them again; say so with ` +
        'forgetSteps (--forget-steps)',
    )
  const problem = leaseProblem(record, options, terms) ?? retentionProblem(retentionSeconds)
  if (problem !== undefined) return refused(problem)
  return change({ act: 'release', reason, status: 'RELEASED', override: null, ...endedAt(terms.now, retentionSeconds) })
}

export const decideExtend = (record: StoredRecord, options: ExtendOptions, { now }: ActTerms): Decided => {
  const { retentionSeconds, reason } = options
  if (!isSettled(record)) return refused(`it is ${record.status}, and only a settled record has a retention to extend`)
  const problem = retentionProblem(retentionSeconds)
  if (problem !== undefined) return refused(problem)
  const expiresAt = later(now, fromSeconds(retentionSeconds))
  if (isExpired(record.expiresAt, now)) return refused('it has expired, so the next request counts as new')
  if (expiresAt <= record.expiresAt) return refused('it is kept longer than that already')
  return change({ act: 'extend', reason, expiresAt })
}

export const decidePropose = (
  record: StoredRecord,
  options: ProposeOptions,
  terms: ActTerms,
  rule: OverrideRule,
): Decided => {
  const { fingerprint, reason, openSeconds = 86_400 } = options
  const { now, by } = terms
  const problem = overrideProblem(record, terms, rule)
  if (problem !== undefined) return refused(problem)
  if (fingerprint === record.fingerprint)
    return refused('the payload is the one that the record has, and needs no override')
  if (!Number.isInteger(openSeconds) || openSeconds < 60 || openSeconds > MAX_OVERRIDE_SECONDS)
    return refused(`openSeconds is ${openSeconds}; it must be an integer from 60 to ${MAX_OVERRIDE_SECONDS}`)
  const until = later(now, fromSeconds(openSeconds))
  return change({ act: 'propose', reason, override: { fingerprint, proposedBy: by, proposedAt: now, reason, until } })
}

export const decideApprove = (
  record: StoredRecord,
  { reason }: ActOptions,
  terms: ActTerms,
  rule: OverrideRule,
): Decided => {
  const { override } = record
  const { now, by } = terms
  if (override === undefined) return refused('no override is proposed')
  const problem = overrideProblem(record, terms, rule)
  if (problem !== undefined) return refused(problem)
  if (override.approvedAt !== undefined) return refused('the override is approved already')
  if (now >= override.until) return refused('the proposal has expired; propose it again')
  if (rule === 'two-people' && by === override.proposedBy)
    return refused(`${by} has proposed the override, and another person has to approve it`)
  return change({ act: 'approve', reason, override: { ...override, approvedBy: by, approvedAt: now } })
}

export const decideWithdraw = (record: StoredRecord, { reason }: ActOptions): Decided =>
  record.override === undefined
    ? refused('no override is proposed')
    : change({ act: 'withdraw', reason, override: null })

const overrideProblem = (record: StoredRecord, terms: ActTerms, rule: OverrideRule): string | undefined => {
  if (rule === 'off') return 'the stack of the table has switched overrides off'
  if (record.status === 'RELEASED') return 'it is released, so any payload may use the key'
  if (record.status === 'IN_PROGRESS') return isLive(record.leaseExpiresAt, terms) ? LIVE_OVERRIDE : undefined
  return isExpired(record.expiresAt, terms.now) ? 'it has expired, so any payload may use the key' : undefined
}

const LIVE_OVERRIDE = 'its lease is live, and a live lease wins over every override; wait until the lease ends'

export const leaseProblem = (
  record: StoredRecord,
  { despiteLiveLease }: LeaseOptions,
  terms: ActTerms,
): string | undefined =>
  record.status === 'IN_PROGRESS' && despiteLiveLease !== true && isLive(record.leaseExpiresAt, terms)
    ? LIVE
    : undefined

const retentionProblem = (seconds: number): string | undefined =>
  Number.isInteger(seconds) && seconds >= MIN_RETENTION_SECONDS && seconds <= MAX_RETENTION_SECONDS
    ? undefined
    : `retentionSeconds is ${seconds}; it must be an integer from ${MIN_RETENTION_SECONDS} to ${MAX_RETENTION_SECONDS}`

const endedAt = (now: EpochMillis, retentionSeconds: number) => ({
  settledAt: now,
  expiresAt: later(epochMillis(now), fromSeconds(retentionSeconds)),
})
