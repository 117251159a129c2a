import type { StoredRecord } from '../../../lib/core/record/record.ts'
import { isNothingDone } from '../deed.ts'
import type { Run, StepCall } from '../history.ts'
import { questionOf } from './question.ts'
import {
  type ClaimWrite,
  firstOf,
  type Invariant,
  isClaimWrite,
  isLapsed,
  isOverriding,
  isPast,
  replacement,
  type Story,
  stopOf,
} from './story.ts'

/** Each run has its own claim. Before a later run, the previous claim has lapsed, or was abandoned or released. */
export const runsInTurn: Invariant = (story) => {
  const seen = new Set<string>()
  return firstOf(story.runs, (run) => {
    const { claimToken } = run.claim
    if (seen.has(claimToken)) return `${claimToken} ran twice`
    seen.add(claimToken)
    const write = story.claimWrite(claimToken)
    if (write === undefined || write.order > run.start.order) return `${claimToken} ran without a claim`
    return afterSwept(story, write) ?? afterPredecessor(story, write)
  })
}

/** TTL must not make a lost payment look like a new one. */
const afterSwept = ({ writes, profile }: Story, { before, claim, order }: ClaimWrite): string | undefined => {
  const isKept = profile.abandoned !== 'rerun' || profile.rerunWithinSeconds !== undefined
  if (!isKept || before !== undefined) return undefined
  const swept = writes.findLast((write) => write.order < order)?.before
  return swept?.status === 'IN_PROGRESS'
    ? `${claim.claimToken} ran after ${swept.claimToken}, which TTL must not sweep`
    : undefined
}

const afterPredecessor = (story: Story, write: ClaimWrite): string | undefined => {
  const { before, at, claim } = write
  if (before === undefined || before.status === 'RELEASED' || isPast(before, at + story.judgedWithin)) return undefined
  if (isOverriding(write)) return isFree(story, before, at) ? undefined : `${claim.claimToken} overrode a live claim`
  if (before.status !== 'IN_PROGRESS') return `${claim.claimToken} ran after ${before.claimToken} had completed`
  if (story.profile.abandoned === 'hold') return `${claim.claimToken} ran after ${before.claimToken}, which is held`
  if (isRunUnasked(story, claim)) return `${claim.claimToken} ran after ${before.claimToken} without a question`
  return isLapsed(story, before, at) ? undefined : `${claim.claimToken} ran while ${before.claimToken} was live`
}

const isFree = (story: Story, before: StoredRecord, at: number): boolean =>
  before.status !== 'IN_PROGRESS' || isLapsed(story, before, at)

/** With a window a run may begin in it without a question. */
const isRunUnasked = (story: Story, claim: Run['claim']): boolean =>
  story.profile.abandoned === 'ask' &&
  story.profile.rerunWithinSeconds === undefined &&
  questionOf(story, { claim }) === undefined

/** No handler starts after its lease has lapsed on its host's clock, or unprotected although it won a claim. */
export const startsInTime: Invariant = (story) =>
  firstOf(story.runs, (run) =>
    run.start.hostNow < leaseAtStart(story, run) ? undefined : `${run.claim.claimToken} started after its lease`,
  ) ??
  firstOf(story.answers, ({ won, result }) =>
    won !== undefined && result.kind === 'answered' && result.status === 'unprotected'
      ? `${won.claimToken} was won, and its handler ran unprotected`
      : undefined,
  )

/** The lease is renewed while a question is open. */
const leaseAtStart = (story: Story, run: Run): number =>
  questionOf(story, run) === undefined ? run.claim.leaseExpiresAt : run.start.knownLease

/** No handler runs without a claim after the store has reported another claimant. */
export const unprotectedAlone: Invariant = ({ answers }) =>
  firstOf(answers, ({ invocation, hadContender, result }) =>
    hadContender && result.kind === 'answered' && result.status === 'unprotected'
      ? `invocation ${invocation} ran unprotected, although the store had reported another claimant`
      : undefined,
  )

/** Only the owner releases or abandons its claim, after its handler ended or before it started. */
export const endsOwnClaim: Invariant = (story) =>
  firstOf(story.writes, (write) => {
    if (write.by !== 'settle' || write.settlement === 'completed') return undefined
    const { claim, before, settlement, invocation, sent } = write
    if (before?.claimToken !== claim.claimToken) return `${claim.claimToken} ${settlement} what was not its own`
    const owner = story.claimWrite(claim.claimToken)
    if (owner?.invocation !== invocation) return `invocation ${invocation} ${settlement} the claim ${claim.claimToken}`
    const run = runOf(story, claim.claimToken)
    if (run !== undefined && run.start.order < write.order && !(stopOf(run) < write.order))
      return `${claim.claimToken} was ${settlement} while its handler ran`
    if (run?.end !== undefined && run.end.order > sent)
      return `${claim.claimToken} was ${settlement} before its handler ended`
    return undefined
  })

/** A claim is released only if nothing was done, neither by its owner nor by a predecessor in doubt. */
export const releasedUndone: Invariant = (story) =>
  firstOf(story.writes, (write) => {
    if (write.by !== 'settle' || write.settlement !== 'released') return undefined
    const { claim } = write
    if (claim.attempt > claim.generation) return `${claim.claimToken} was released with a predecessor in doubt`
    const run = runOf(story, claim.claimToken)
    if (run === undefined) return undefined
    return run.end !== undefined && isNothingDone(run.end.deed) && run.effects === 0 && !run.steps.some(mayHaveActed)
      ? undefined
      : `${claim.claimToken} was released after ${run.end?.deed ?? 'no end of its handler'}`
  })

/** A step that ended in `NotDoneError` did nothing. */
export const mayHaveActed = ({ execution }: StepCall): boolean =>
  execution !== undefined && execution.end?.how !== 'notDone'

const runOf = ({ runs }: Story, token: string): Run | undefined => runs.find(({ claim }) => claim.claimToken === token)

/** Two runs overlap only if the lease of the older run has lapsed. */
export const overlapAfterLapse: Invariant = (story) =>
  firstOf(story.runs, (older) => {
    const taken = replacement(story, older.claim.claimToken)
    if (taken === undefined || taken.by === 'operator' || stopOf(older) < taken.order) return undefined
    const { before, at } = taken
    return before?.status === 'IN_PROGRESS' && before.leaseExpiresAt !== undefined && isLapsed(story, before, at)
      ? undefined
      : `${older.claim.claimToken} was replaced while its handler ran under a live lease`
  })

/** A lease never moves back under one owner, and an abandon removes it permanently. */
export const leaseOnlyGrows: Invariant = ({ writes }) =>
  firstOf(writes, (write) => {
    const { before, after } = write
    if (
      write.by === 'settle' &&
      write.settlement === 'abandoned' &&
      after?.status === 'IN_PROGRESS' &&
      after.leaseExpiresAt !== undefined
    )
      return `${write.claim.claimToken} was abandoned with a lease`
    if (before?.claimToken !== after?.claimToken || before?.status !== 'IN_PROGRESS' || after?.status !== 'IN_PROGRESS')
      return undefined
    if (after.leaseExpiresAt === undefined) return undefined
    if (before.leaseExpiresAt === undefined) return `${after.claimToken} got a lease after it was abandoned`
    return after.leaseExpiresAt >= before.leaseExpiresAt ? undefined : `the lease of ${after.claimToken} moved back`
  })

/** A take-over applies only to a record that is released, abandoned, lapsed, overridden or expired at that moment. */
export const takesOverTheFree: Invariant = (story) =>
  firstOf(story.writes, (write) => {
    const { before, at } = write
    if (!isClaimWrite(write) || before === undefined) return undefined
    if (before.status === 'RELEASED' || isPast(before, at + story.judgedWithin)) return undefined
    if (before.status !== 'IN_PROGRESS')
      return isOverriding(write) ? undefined : `${write.claim.claimToken} took over an outcome`
    const { leaseExpiresAt } = before
    const judgedAt = at + story.judgedWithin
    return leaseExpiresAt === undefined || judgedAt > leaseExpiresAt + story.skew
      ? undefined
      : `${write.claim.claimToken} took over the live claim ${before.claimToken}`
  })

/** A token makes one claim only: a delayed duplicate never creates its record again. */
export const claimedOnce: Invariant = ({ writes, hasOperator, profile }) => {
  const made = new Set<string>()
  return firstOf(writes, (write) => {
    if (!isClaimWrite(write)) return undefined
    // A one-shot write that finds its own order or fence released by an operator goes on under the same token.
    if (hasOperator && (write.by === 'put' || (profile.trade !== undefined && !write.stray))) return undefined
    const { claimToken } = write.claim
    if (made.has(claimToken)) return `${claimToken} was claimed a second time, by a request that came late`
    made.add(claimToken)
    return undefined
  })
}

/** Only expired records are deleted. */
export const vanishesWhenExpired: Invariant = ({ writes }) =>
  firstOf(writes, ({ before, after, by, at }) =>
    after === undefined && !(before?.expiresAt !== undefined && at >= before.expiresAt)
      ? `the record of ${before?.claimToken} vanished by ${by}`
      : undefined,
  )
