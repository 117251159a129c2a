import type { ClaimToken, SettledRecord, StoredRecord } from '../../../lib/core/record/record.ts'
import { isSettled } from '../../../lib/core/record/record.ts'
import type { History, Run, StepCall, Write } from '../history.ts'

/** A write that created a claim, or put the settled record of one that was never written. */
export type ClaimWrite = Extract<Write, { by: 'claim' | 'takeOver' | 'put' }>

/** A write that stored the user's own rows with the outcome. */
export type CommitWrite = Extract<Write, { by: 'commit' | 'put' }>

/** The history, with derived facts that most invariants need. */
export interface Story extends History {
  /** For each write, the incarnation of the record. A claim on an absent or expired record begins a new one. */
  readonly incarnations: readonly number[]
  /** The write that created the claim of a token; `undefined` if the claim was never written. */
  claimWrite(token: ClaimToken): ClaimWrite | undefined
  incarnationOf(token: ClaimToken): number | undefined
  /** How much contenders' clocks may be off, in milliseconds: 0 if the store reports its time. */
  readonly judgedWithin: number
  readonly hasOperator: boolean
  /** The calls of steps in all runs. */
  readonly steps: readonly CalledStep[]
}

/** A call of a step, with its run. */
export interface CalledStep {
  readonly run: Run
  readonly call: StepCall
  readonly incarnation: number | undefined
  /** The same for all calls of a step in one generation. */
  readonly place: string
}

/** Returns what is wrong, or `undefined` if the invariant holds. */
export type Invariant = (story: Story) => string | undefined

export const isClaimWrite = (write: Write): write is ClaimWrite =>
  write.by === 'claim' || write.by === 'takeOver' || write.by === 'put'

export const isCommitWrite = (write: Write): write is CommitWrite => write.by === 'commit' || write.by === 'put'

/** A claim of another payload, which an approved override allows. */
export const isOverriding = ({ before, after }: Write): boolean =>
  before?.override?.approvedAt !== undefined &&
  before.override.fingerprint === after?.fingerprint &&
  before.fingerprint !== after.fingerprint

/** A write of a person that replaces an outcome, or makes one. */
export const isDecision = (write: Write): boolean =>
  write.by === 'operator' && (write.act === 'settle' || write.act === 'release')

/** A write that stored an outcome by its claim. */
export const isCompletion = (write: Write): write is CommitWrite | Extract<Write, { by: 'settle' }> =>
  isCommitWrite(write) || (write.by === 'settle' && write.settlement === 'completed')

export const storyOf = (history: History): Story => {
  const judgedWithin = history.profile.storeReportsTime ? 0 : history.profile.clockSpread
  const incarnations: number[] = []
  const firsts = new Map<ClaimToken, number>()
  let incarnation = 0
  history.writes.forEach((write, index) => {
    if (isClaimWrite(write) && beginsIncarnation(write, judgedWithin)) incarnation++
    incarnations.push(incarnation)
    if (isClaimWrite(write) && !firsts.has(write.claim.claimToken)) firsts.set(write.claim.claimToken, index)
  })
  const claimWrite = (token: ClaimToken): ClaimWrite | undefined => {
    const index = firsts.get(token)
    return index === undefined ? undefined : (history.writes[index] as ClaimWrite)
  }
  const incarnationOf = (token: ClaimToken): number | undefined => {
    const index = firsts.get(token)
    return index === undefined ? undefined : incarnations[index]
  }
  return {
    incarnations,
    claimWrite,
    incarnationOf,
    steps: history.profile.plan === undefined ? [] : calledIn(history, incarnationOf),
    judgedWithin,
    hasOperator: history.writes.some(({ by }) => by === 'operator'),
    ...history,
  }
}

const calledIn = ({ runs }: History, incarnationOf: (token: ClaimToken) => number | undefined): readonly CalledStep[] =>
  runs.flatMap((run) => {
    const incarnation = incarnationOf(run.claim.claimToken)
    const generation = `${incarnation}/${run.claim.generation}`
    return run.steps.map((call) => ({ run, call, incarnation, place: `${generation}/${call.step.name}` }))
  })

const beginsIncarnation = ({ before, after, at }: ClaimWrite, within: number): boolean =>
  before === undefined || (after?.attempt === 1 && isPast(before, at + within))

/** Whether a settled or released record is past its retention. A record in progress never expires. */
export const isPast = (record: StoredRecord, now: number): boolean =>
  record.status !== 'IN_PROGRESS' && now >= record.expiresAt

export const settledIn = (record: StoredRecord | undefined): SettledRecord | undefined =>
  record !== undefined && isSettled(record) ? record : undefined

/** Whether the lease in the record had lapsed at that time, on the clock of its owner's host. */
export const isLapsed = (story: Story, { claimToken, leaseExpiresAt }: LeasedRecord, at: number): boolean => {
  const isOwner = ({ claim }: Pick<Run, 'claim'>): boolean => claim.claimToken === claimToken
  const owner = story.runs.find(isOwner) ?? story.questions.find(isOwner)
  return (
    leaseExpiresAt === undefined ||
    at + (owner === undefined ? 0 : (story.hostSkews[owner.host] ?? 0)) >= leaseExpiresAt
  )
}

/** The write after which the record was no longer under the token. */
export const replacement = ({ writes }: Story, token: string): Write | undefined =>
  writes.find(({ before, after }) => before?.claimToken === token && after?.claimToken !== token)

type LeasedRecord = Pick<Extract<StoredRecord, { status: 'IN_PROGRESS' }>, 'claimToken' | 'leaseExpiresAt'>

/** When a run and its steps stopped; `Infinity` if the history ends before that. */
export const stopOf = ({ end, died, steps }: Run): number => {
  const dead = died?.order ?? Number.POSITIVE_INFINITY
  let stop = end?.order ?? dead
  for (const { execution } of steps) if (execution !== undefined) stop = Math.max(stop, execution.end?.order ?? dead)
  return stop
}

/** Returns the first violation. */
export const firstOf = <T>(
  items: readonly T[],
  complaint: (item: T, index: number) => string | undefined,
): string | undefined => {
  for (let index = 0; index < items.length; index++) {
    const found = complaint(items[index] as T, index)
    if (found !== undefined) return found
  }
  return undefined
}
