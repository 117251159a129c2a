import { DEFAULT_SQS_RETENTION_SECONDS, MAX_STEP_BYTES } from '../core/limits.ts'
import { isObject, shown } from '../core/option-rules.ts'
import { encodeOutcome, type OutcomeRoom, outcomeIsReplayable, outcomeOf } from '../core/outcome/outcome.ts'
import { keptValue } from '../core/outcome/step-result.ts'
import { claimsOf } from '../core/record/claim.ts'
import type { InProgressRecord, Steps, StoredRecord } from '../core/record/record.ts'
import { fromSeconds, later, latest } from '../core/time.ts'
import {
  type ActTerms,
  change,
  type Decided,
  type LeaseOptions,
  leaseProblem,
  type RecordChange,
  refused,
} from './acts.ts'

export interface DecideStepOptions extends LeaseOptions {
  /** The name that the handler gave it. It has to be in doubt: started, and without a result. */
  readonly step: string
  readonly decision: StepAnswer
}

/** The same words as those of an `inDoubt` function. */
export type StepAnswer =
  /** It was done, and this is its result, as JSON keeps it: the next attempt skips it. A promise is awaited. */
  | { readonly done: unknown }
  /** It was not done, and can no longer happen: the next attempt runs it, with the same downstream key. */
  | { readonly rerun: true }

/** The record stays abandoned, in its generation: the next attempt goes on with the other steps as they are. */
export const decideStep = (record: StoredRecord, options: DecideStepOptions, terms: ActTerms): Decided => {
  const { step, decision, reason } = options
  if (record.status !== 'IN_PROGRESS')
    return refused(`it is ${record.status}, and only a record in progress has steps in doubt`)
  const problem = leaseProblem(record, options, terms) ?? stepProblem(record, step) ?? decisionProblem(decision)
  if (problem !== undefined) return refused(problem)
  const steps = new Map(record.steps)
  steps.delete(step)
  const after = afterwards(record, terms)
  if (!('done' in decision)) return change({ act: 'rerunStep', reason, step, steps, ...after })
  const entry = encodeOutcome(outcomeOf(decision.done), roomBeside(steps, step, terms.room))
  if (!outcomeIsReplayable(entry))
    return refused(
      `the result is not JSON, or all results of the record together are larger than ${MAX_STEP_BYTES} bytes`,
    )
  return change({ act: 'keepStep', reason, step, steps: steps.set(step, entry), ...after })
}

/** A forgotten `await` must not keep an empty object. */
export const awaited = async (decision: StepAnswer): Promise<StepAnswer> =>
  isObject(decision) && 'done' in decision ? { ...decision, done: await decision.done } : decision

/**
 * The runs so far make no poison of the next delivery: it would end as `FAILED`, without a run and without the steps. And
 * TTL does not sweep the decision before its retry comes: a message may come again for two weeks.
 */
const afterwards = (record: InProgressRecord, { now }: ActTerms): Pick<RecordChange, 'reconciles' | 'expiresAt'> => {
  const { expiresAt } = record
  const kept = later(now, fromSeconds(DEFAULT_SQS_RETENTION_SECONDS))
  return { reconciles: claimsOf(record), ...(expiresAt === undefined ? {} : { expiresAt: latest(expiresAt, kept) }) }
}

const stepProblem = ({ steps = new Map() }: InProgressRecord, step: string): string | undefined => {
  if (keptValue(steps.get(step)) !== undefined) return `the result of step ${shown(step)} is kept already`
  if (steps.has(step)) return undefined
  const inDoubt = [...steps].filter(([, entry]) => keptValue(entry) === undefined).map(([name]) => shown(name))
  return `step ${shown(step)} is not in doubt; ${inDoubt.length === 0 ? 'no step is' : `in doubt is ${inDoubt.join(', ')}`}`
}

const decisionProblem = (decision: unknown): string | undefined =>
  isObject(decision) && 'done' in decision !== (decision.rerun === true)
    ? undefined
    : 'the decision must be { done: result } or { rerun: true }'

/** As in a run: what counts is the size of all results together. */
const roomBeside = (others: Steps, step: string, { besideBytes, unitBytes }: OutcomeRoom): OutcomeRoom => {
  let bytes = besideBytes + Buffer.byteLength(step)
  for (const [name, entry] of others) bytes += Buffer.byteLength(name) + entry.length
  return { besideBytes: bytes, unitBytes, maxBytes: besideBytes + MAX_STEP_BYTES }
}
