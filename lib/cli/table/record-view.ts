import { operationOf } from '../../core/identity/record-key.ts'
import { DEFAULT_SKEW_SECONDS } from '../../core/limits.ts'
import { decodeOutcome, type StoredOutcome } from '../../core/outcome/outcome.ts'
import { keptValue } from '../../core/outcome/step-result.ts'
import { downstreamKey } from '../../core/record/handler-claim.ts'
import { isExpired, isLive } from '../../core/record/judge.ts'
import { type InProgressRecord, isSettled, type Steps, type StoredRecord } from '../../core/record/record.ts'
import { type EpochMillis, fromSeconds } from '../../core/time.ts'
import { auditOf } from '../../operator/audit.ts'
import { decodePointer } from '../../s3/pointer.ts'

/** What a record is for a person. `expired` and `abandoned` are judged by this computer's clock. */
export type RecordState = 'live' | 'abandoned' | 'succeeded' | 'failed' | 'released' | 'expired'

/** A record as `--json` prints it. Times are ISO 8601. */
export interface RecordView {
  readonly recordKey: string
  readonly operation: string
  readonly state: RecordState
  readonly status: StoredRecord['status']
  readonly attempt: number
  readonly generation: number
  readonly revision: number
  readonly fingerprint: string
  readonly createdAt: string
  readonly leaseExpiresAt?: string
  readonly settledAt?: string
  readonly expiresAt?: string
  /** The class of the error that ended an earlier run. */
  readonly lastError?: string
  readonly reconcile?: { readonly questions: number; readonly notBefore?: string }
  /** Names of the steps whose results are kept. */
  readonly steps: readonly string[]
  /** Names of the steps that have started, and must not run twice. Absent if there are none. */
  readonly stepsInDoubt?: readonly string[]
  /** What each step sends its downstream, unless it has the option `key`. Absent if there are no steps. */
  readonly downstreamKeys?: Readonly<Record<string, string>>
  /** Only with `--show-answer`. */
  readonly stepResults?: Readonly<Record<string, unknown>>
  readonly outcome?: OutcomeView
  readonly override?: OverrideView
  readonly audit: readonly AuditView[]
}

export interface OutcomeView {
  readonly kind: StoredOutcome['kind'] | 's3'
  readonly bytes: number
  /** Only with `--show-answer`. Bytes are Base64. */
  readonly answer?: unknown
}

export interface OverrideView {
  readonly fingerprint: string
  readonly proposedBy: string
  readonly proposedAt: string
  readonly reason: string
  readonly until: string
  readonly approvedBy?: string
  readonly approvedAt?: string
}

export interface AuditView {
  readonly at: string
  readonly by: string
  readonly act: string
  readonly reason: string
  readonly from: string
  /** The step that the act was about. */
  readonly step?: string
}

export const viewOf = (record: StoredRecord, now: EpochMillis, showAnswer = false): RecordView => ({
  recordKey: record.recordKey,
  operation: operationOf(record.recordKey),
  state: stateOf(record, now),
  status: record.status,
  attempt: record.attempt,
  generation: record.generation,
  revision: record.revision,
  fingerprint: record.fingerprint,
  createdAt: iso(record.createdAt),
  ...(record.expiresAt === undefined ? {} : { expiresAt: iso(record.expiresAt) }),
  ...('settledAt' in record ? { settledAt: iso(record.settledAt) } : {}),
  ...('lastError' in record && record.lastError !== undefined ? { lastError: record.lastError } : {}),
  ...(record.status === 'IN_PROGRESS' ? runView(record, showAnswer) : { steps: [] }),
  ...(isSettled(record) ? { outcome: outcomeView(record.outcome, showAnswer) } : {}),
  ...overrideView(record),
  audit: auditOf(record).map((entry) => ({ ...entry, at: iso(entry.at) })),
})

export const stateOf = (record: StoredRecord, now: EpochMillis): RecordState => {
  if (record.status === 'IN_PROGRESS')
    return isLive(record.leaseExpiresAt, { now, skew: fromSeconds(DEFAULT_SKEW_SECONDS) }) ? 'live' : 'abandoned'
  return isExpired(record.expiresAt, now) ? 'expired' : (record.status.toLowerCase() as RecordState)
}

const runView = (record: InProgressRecord, showAnswer: boolean) => ({
  ...waitingView(record),
  ...stepsView(record, showAnswer),
})

const waitingView = ({ leaseExpiresAt, reconciles, reconcileAt }: InProgressRecord) => ({
  ...(leaseExpiresAt === undefined ? {} : { leaseExpiresAt: iso(leaseExpiresAt) }),
  ...(reconciles === undefined
    ? {}
    : { reconcile: { questions: reconciles, ...(reconcileAt === undefined ? {} : { notBefore: iso(reconcileAt) }) } }),
})

type StepsView = Pick<RecordView, 'steps' | 'stepsInDoubt' | 'downstreamKeys' | 'stepResults'>

const stepsView = (record: InProgressRecord, showAnswer: boolean): StepsView => {
  const { steps = new Map() } = record
  const names = [...steps.keys()]
  if (names.length === 0) return { steps: [] }
  const isKept = (name: string): boolean => keptValue(steps.get(name)) !== undefined
  const kept = names.filter(isKept)
  return {
    steps: kept,
    ...(kept.length === names.length ? {} : { stepsInDoubt: names.filter((name) => !isKept(name)) }),
    downstreamKeys: Object.fromEntries(names.map((name) => [name, downstreamKey(record, name)])),
    ...(showAnswer ? { stepResults: resultsOf(steps, kept) } : {}),
  }
}

const resultsOf = (steps: Steps, kept: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(kept.map((name) => [name, keptValue(steps.get(name))?.value ?? null]))

const outcomeView = (outcome: Uint8Array, showAnswer: boolean): OutcomeView => {
  const pointer = decodePointer(outcome)
  if (typeof pointer === 'object')
    return { kind: 's3', bytes: pointer.bytes, ...(showAnswer ? { answer: pointer } : {}) }
  const stored = decodeOutcome(outcome)
  return { kind: stored.kind, bytes: outcome.length, ...(showAnswer ? { answer: answerOf(stored) } : {}) }
}

const answerOf = (stored: StoredOutcome): unknown => {
  switch (stored.kind) {
    case 'none':
      return null
    case 'json':
      return stored.value
    case 'bytes':
      return Buffer.from(stored.bytes).toString('base64')
    case 'error':
      return stored.error
    case 'unavailable':
      return { reason: stored.reason }
  }
}

const overrideView = ({ override }: StoredRecord): { readonly override?: OverrideView } => {
  if (override === undefined) return {}
  const { fingerprint, proposedBy, proposedAt, reason, until, approvedBy, approvedAt } = override
  return {
    override: {
      fingerprint,
      proposedBy,
      proposedAt: iso(proposedAt),
      reason,
      until: iso(until),
      ...(approvedBy === undefined ? {} : { approvedBy }),
      ...(approvedAt === undefined ? {} : { approvedAt: iso(approvedAt) }),
    },
  }
}

export const iso = (at: number): string => new Date(at).toISOString()
