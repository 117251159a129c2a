import type { EpochMillis } from '../../core/time.ts'
import type { Paint } from '../io.ts'
import { labelled } from '../labelled.ts'
import type { OverrideView, RecordState, RecordView } from './record-view.ts'

/** The state in words. */
const STATES: Readonly<Record<RecordState, string>> = {
  live: 'in progress: its owner holds a live lease',
  abandoned: 'abandoned: its owner ended without an outcome, so the effect may or may not have happened',
  succeeded: 'succeeded',
  failed: 'failed for good: the failure is stored',
  released: 'released: nothing was done',
  expired: 'expired: it counts as absent',
}

/** What a request with this key gets. */
const RETRIES: Readonly<Record<RecordState, string>> = {
  live: '409 in-progress while the lease is live. After it the record is abandoned',
  abandoned:
    "under abandoned: 'rerun' it runs again at once, under 'hold' it gets 409 outcome-unknown until a person decides, " +
    'and under reconcile(…) your function is asked first',
  succeeded: 'gets the stored answer until the record expires',
  failed: 'gets the stored failure until the record expires',
  released: 'runs at once, with any payload',
  expired: 'runs at once, with any payload',
}

/** What a person can do about it. */
const NEXT: Readonly<Partial<Record<RecordState, string>>> = {
  abandoned:
    'ask the downstream whether the effect happened. If so: lambda-once settle. If not: lambda-once release. docs/operating.md',
  failed: 'if the failure was a mistake: lambda-once release',
}

const HUES: Readonly<Record<RecordState, keyof Paint>> = {
  live: 'warn',
  abandoned: 'bad',
  succeeded: 'good',
  failed: 'bad',
  released: 'dim',
  expired: 'dim',
}

export const recordLines = (view: RecordView, now: EpochMillis, paint: Paint): readonly string[] => [
  ...labelled(
    recordRows(view, now).map(([name, value]) => [name, name === 'State' ? paint[HUES[view.state]](value) : value]),
    paint,
  ),
  ...(view.outcome && 'answer' in view.outcome
    ? ['', ...JSON.stringify(view.outcome.answer, null, 2).split('\n')]
    : []),
  ...(view.audit.length === 0 ? [] : ['', paint.bold('What persons did to it')]),
  ...auditLines(view).map((line) => `  ${line}`),
]

/** A name and its value, in words. */
export type RecordRow = readonly [name: string, value: string]

/** What there is to say about a record, in words: in the terminal, and on the page. */
export const recordRows = (view: RecordView, now: EpochMillis): readonly RecordRow[] => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Record', view.recordKey],
    ['State', STATES[view.state]],
    ['Lease', leaseOf(view, now)],
    ['A retry', retryOf(view)],
    ['Attempts', `${view.attempt}; the generation began with attempt ${view.generation}; revision ${view.revision}`],
    ['Created', when(view.createdAt, now)],
    ['Settled', view.settledAt && when(view.settledAt, now)],
    ['Expires', view.expiresAt && when(view.expiresAt, now)],
    ['Last error', view.lastError],
    ['Reconcile', view.reconcile && reconcileOf(view.reconcile, now)],
    ['Steps kept', view.steps.length > 0 ? view.steps.join(', ') : undefined],
    ['In doubt', view.stepsInDoubt && `${view.stepsInDoubt.join(', ')}: it has started, and must not run twice`],
    ['Step keys', view.downstreamKeys && `${listed(view.downstreamKeys)} (unless a step has the option key)`],
    ['Results', view.stepResults && listed(view.stepResults)],
    ['Outcome', view.outcome && outcomeOf(view.outcome)],
    ['Override', view.override && overrideOf(view.override, now)],
    ['Next', nextOf(view)],
  ]
  return rows.filter((row): row is RecordRow => row[1] !== undefined)
}

/** What persons did to the record, oldest first. */
export const auditLines = ({ audit }: RecordView): readonly string[] =>
  audit.map(
    ({ at, by, act, reason, from, step }) =>
      `${at}  ${act}${step === undefined ? '' : ` ${step}`} (it was ${from}) by ${by}: ${reason}`,
  )

const nextOf = ({ state, steps, stepsInDoubt, audit }: RecordView): string | undefined => {
  if (state !== 'abandoned') return NEXT[state]
  if (stepsInDoubt !== undefined)
    return 'ask the downstream about the step in doubt: lambda-once step. docs/operating.md'
  if (audit.at(-1)?.step !== undefined) return AFTER_A_DECISION
  return steps.length === 0 ? NEXT.abandoned : AFTER_STEPS
}

const retryOf = ({ state, stepsInDoubt }: RecordView): string =>
  state === 'abandoned' && stepsInDoubt !== undefined
    ? `runs up to step ${stepsInDoubt.join(' or ')}, and then gets 409 outcome-unknown, until a person decides the step; under ` +
      "abandoned: 'hold' nothing runs"
    : RETRIES[state]

/** The client stops at the 409, so a person has to see to the retry. */
const AFTER_A_DECISION =
  'the step is decided, and the next retry goes on from there: see to it that one comes, with the same key and payload. ' +
  "Under abandoned: 'hold' none runs: lambda-once settle. docs/operating.md"

/** Of a record whose steps are kept. */
const AFTER_STEPS =
  'ask the downstream whether the effect happened. If so: lambda-once settle. If not: a retry runs the steps that are not ' +
  'kept, and a release would run all of them again. docs/operating.md'

const listed = (byStep: Readonly<Record<string, unknown>>): string =>
  Object.entries(byStep)
    .map(([step, value]) => `${step}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('; ')

const leaseOf = ({ status, leaseExpiresAt }: RecordView, now: EpochMillis): string | undefined => {
  if (status !== 'IN_PROGRESS') return undefined
  if (leaseExpiresAt === undefined) return 'given up by its owner'
  return `${Date.parse(leaseExpiresAt) < now ? 'ended' : 'ends'} ${when(leaseExpiresAt, now)}`
}

const reconcileOf = ({ questions, notBefore }: NonNullable<RecordView['reconcile']>, now: EpochMillis): string =>
  `attempts that count as questions, and not as runs: ${questions}${notBefore === undefined ? '' : `; the next question not before ${when(notBefore, now)}`}`

const outcomeOf = (outcome: NonNullable<RecordView['outcome']>): string => {
  const where = outcome.kind === 's3' ? 'in S3' : `of the kind ${outcome.kind}`
  return `${outcome.bytes} bytes ${where}${'answer' in outcome ? '' : '; inspect --show-answer shows it'}`
}

const overrideOf = ({ approvedBy, proposedBy, until, fingerprint, reason }: OverrideView, now: EpochMillis): string =>
  `${approvedBy === undefined ? 'proposed' : `approved by ${approvedBy}, proposed`} by ${proposedBy}: ${reason}; ` +
  `open until ${when(until, now)}; payload ${fingerprint}`

/** The time, and how far it is from now. */
export const when = (at: string, now: EpochMillis): string => `${at} (${distance(Date.parse(at) - now)})`

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1_000, 'second'],
]

/** In the largest unit of which there are at least two; below that in seconds. */
export const distance = (millis: number): string => {
  const span = Math.abs(millis)
  const [size, name] = UNITS.find(([unit]) => span >= 2 * unit) ?? [1_000, 'second']
  const count = Math.floor(span / size)
  const text = `${count} ${name}${count === 1 ? '' : 's'}`
  return millis < 0 ? `${text} ago` : `in ${text}`
}
