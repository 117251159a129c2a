import type { Fingerprint } from '../../core/identity/fingerprint.ts'
import { deriveRecordKey } from '../../core/identity/record-key.ts'
import { type Refusal, refusalError } from '../../core/lifecycle/refusal.ts'
import { encodeOutcome } from '../../core/outcome/outcome.ts'
import type { TakeOverReason } from '../../core/record/claim.ts'
import { type JudgeTerms, judge, type Verdict } from '../../core/record/judge.ts'
import type { ClaimToken, InProgressRecord, StoredRecord } from '../../core/record/record.ts'
import type { Settings } from '../../core/settings.ts'
import { type EpochMillis, epochMillis, fromSeconds, later, millis } from '../../core/time.ts'
import { problemOf } from '../../http/problem.ts'

/** What a request with the key of a record gets. docs/protocol.md has the same rows. */
export interface ConflictRow {
  readonly record: string
  /** In words. */
  readonly result: string
  readonly verdict: Verdict['kind']
  readonly status?: number
  readonly code?: string
}

/** A record, and when it is judged. */
interface Case {
  readonly record: string
  readonly stored: StoredRecord
  readonly at?: EpochMillis
}

const CREATED = epochMillis(0)
const DAY = fromSeconds(86_400)
const LEASE_END = later(CREATED, fromSeconds(30))
const EXPIRY = later(CREATED, DAY)
const PAYLOAD = '1:the-payload' as Fingerprint

const BASE = {
  recordKey: deriveRecordKey({ operation: 'policy', tenant: 'single-tenant', key: 'any' }),
  claimToken: 'any' as ClaimToken,
  revision: 1,
  attempt: 1,
  generation: 1,
  createdAt: CREATED,
  fingerprint: PAYLOAD,
}
const ENDED = { settledAt: CREATED, expiresAt: EXPIRY }
const OUTCOME = encodeOutcome({ kind: 'none' }, { besideBytes: 0, unitBytes: 1, maxBytes: 1_000 })
const SETTLED: StoredRecord = { ...BASE, ...ENDED, status: 'SUCCEEDED', outcome: OUTCOME }
const LIVE: InProgressRecord = { ...BASE, status: 'IN_PROGRESS', leaseExpiresAt: LEASE_END, expiresAt: undefined }
const ABANDONED: InProgressRecord = { ...LIVE, leaseExpiresAt: undefined }

const ALWAYS: readonly Case[] = [
  { record: 'settled or released, past its retention', stored: SETTLED, at: EXPIRY },
  { record: 'released', stored: { ...BASE, ...ENDED, status: 'RELEASED' } },
  { record: 'of another payload', stored: { ...SETTLED, fingerprint: '1:another' as Fingerprint } },
  { record: 'settled', stored: SETTLED },
  { record: 'in progress, `now <= leaseExpiresAt + skew`', stored: LIVE },
]

const IN_DOUBT = 'in progress, without a lease or past it'

/** The rows about an abandoned record, which the options `abandoned` and `rerunWithinSeconds` decide. */
const abandonedCases = ({ abandoned, rerunWithin }: Settings): readonly Case[] => {
  const old = rerunWithin === undefined ? CREATED : later(CREATED, rerunWithin)
  const young = rerunWithin === undefined ? [] : [{ record: `${IN_DOUBT}, young`, stored: ABANDONED }]
  const past = rerunWithin === undefined ? IN_DOUBT : `${IN_DOUBT}, not young`
  if (abandoned !== 'ask') return [...young, { record: past, stored: ABANDONED, at: old }]
  const asked = { ...ABANDONED, reconcileAt: later(old, fromSeconds(60)) }
  return [
    ...young,
    { record: `${past}, before \`reconcileAt\``, stored: asked, at: old },
    { record: past, stored: ABANDONED, at: old },
  ]
}

/** What the layer itself decides about each kind of record under these settings. */
export const conflictTable = (settings: Settings): readonly ConflictRow[] =>
  [...ALWAYS, ...abandonedCases(settings)].map(({ record, stored, at = CREATED }) => {
    const verdict = judge(stored, termsAt(settings, at))
    return { record, ...rowOf(verdict) }
  })

/** What becomes of an abandoned record: the answer to a retry after a run in doubt, at once and past the window for reruns. */
export const afterDoubt = (settings: Settings): readonly Omit<ConflictRow, 'record'>[] => {
  const { rerunWithin } = settings
  const times = rerunWithin === undefined ? [CREATED] : [CREATED, later(CREATED, rerunWithin)]
  return times.map((at) => rowOf(judge(ABANDONED, termsAt(settings, at))))
}

const termsAt = ({ store, abandoned, rerunWithin }: Settings, now: EpochMillis): JudgeTerms => ({
  fingerprint: PAYLOAD,
  now,
  skew: store.skew ?? millis(0),
  abandoned,
  rerunWithin,
  runEndsAt: now,
})

const TAKEN_OVER: Readonly<Record<TakeOverReason, string>> = {
  expired: 'taken over as if absent',
  released: 'taken over, any payload, next generation',
  abandoned: 'taken over, same generation',
  overridden: 'taken over, next generation',
}

const rowOf = (verdict: Verdict): Omit<ConflictRow, 'record'> => {
  const { kind } = verdict
  if (kind === 'takeOver')
    return { verdict: kind, result: verdict.ask === true ? 'taken over, and asked about' : TAKEN_OVER[verdict.reason] }
  if (kind === 'replay') return { verdict: kind, result: 'replayed' }
  const { status, code } = problemFor(verdict)
  return { verdict: kind, result: wordsFor(kind, status, code), status, code }
}

const problemFor = (refusal: Refusal): { readonly status: number; readonly code: string } => {
  const { status, body } = problemOf(refusalError(refusal), undefined)
  return { status, code: body.code }
}

const wordsFor = (kind: Verdict['kind'], status: number, code: string): string => {
  if (kind === 'conflict') return `conflict: ${status} and \`Retry-After\``
  return kind === 'mismatch' ? `mismatch: ${status}` : `\`${code}\`: ${status}`
}
