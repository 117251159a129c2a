import { isNothingDone, isOutcome } from '../deed.ts'
import type { Run, Write } from '../history.ts'
import { mayHaveActed } from './ownership.ts'
import { firstOf, type Invariant, type Story } from './story.ts'

/** A process that is killed at its deadline is dead this long after it. */
const KILL_MARGIN = 1_000

/** Added to the time that the context allows, if the host does not enforce the deadline. */
const UNENFORCED_MARGIN = 60_000

/** No lease outlives its invocation by more than the margin, however often it is renewed. */
export const endsWithItsInvocation: Invariant = (story) =>
  firstOf(story.writes, (write) => {
    if (write.by !== 'claim' && write.by !== 'takeOver' && write.by !== 'renew') return undefined
    const { after, claim, at, invocation } = write
    if (after?.status !== 'IN_PROGRESS' || after.leaseExpiresAt === undefined) return undefined
    const most = Math.max(lastEnd(story, invocation), at + skewOf(story, invocation) + marginOf(story, invocation))
    const late = after.leaseExpiresAt - most
    return late > 0 ? `the lease of ${claim.claimToken} outlives its invocation by ${late} ms too much` : undefined
  })

/** An owner that is alive and not done with its claim loses it only after it has tried to renew it. */
export const neverLostInSilence: Invariant = (story) =>
  firstOf(story.writes, (write) => {
    const lost = lapsedOwner(story, write)
    if (lost === undefined || !mustRenew(story, write, lost)) return undefined
    const { run, grantedAt } = lost
    const { claimToken } = run.claim
    return story.attempts.some(({ claim, at }) => claim.claimToken === claimToken && at > grantedAt)
      ? undefined
      : `${claimToken} lost its lease, and its owner was alive and had not tried to renew it`
  })

interface Lapsed {
  readonly run: Run
  readonly leaseExpiresAt: number
  /** When the owner asked for this lease, on the store's clock. */
  readonly grantedAt: number
}

const lapsedOwner = (story: Story, { by, before }: Write): Lapsed | undefined => {
  const seconds = leaseSeconds(story)
  if (by !== 'takeOver' || seconds === undefined) return undefined
  if (before?.status !== 'IN_PROGRESS' || before.leaseExpiresAt === undefined) return undefined
  const { leaseExpiresAt, claimToken } = before
  const run = story.runs.find(({ claim }) => claim.claimToken === claimToken)
  if (run === undefined) return undefined
  return { run, leaseExpiresAt, grantedAt: leaseExpiresAt - seconds * 1_000 - (story.hostSkews[run.host] ?? 0) }
}

export const leaseSeconds = ({ profile }: Story): number | undefined =>
  profile.heartbeatSeconds ?? (profile.enforcesDeadline ? undefined : 60)

const mustRenew = (story: Story, { order, at }: Write, { run, leaseExpiresAt, grantedAt }: Lapsed): boolean => {
  const isOwn = ({ claim }: { readonly claim: Run['claim'] | undefined }): boolean => claim === run.claim
  return (
    !story.deaths.some((death) => death.invocation === run.invocation && death.order < order) &&
    !endsInDoubt(run, order) &&
    !transacts(run, order) &&
    leaseExpiresAt < Math.min(lastEnd(story, run.invocation), windowEnd(story, run)) &&
    !story.answers.some((answer) => isOwn(answer) && answer.order < order) &&
    !story.freezes.some(({ host, from, until }) => host === run.host && from <= at && until >= grantedAt)
  )
}

/** A run in doubt that was not asked about is not renewed past its window. */
const windowEnd = ({ profile, questions }: Story, { claim }: Run): number => {
  const { rerunWithinSeconds } = profile
  if (rerunWithinSeconds === undefined || claim.attempt === claim.generation) return Number.POSITIVE_INFINITY
  if (questions.some((question) => question.claim.claimToken === claim.claimToken)) return Number.POSITIVE_INFINITY
  return (claim.generationAt ?? claim.createdAt) + rerunWithinSeconds * 1_000
}

/** Whether its owner abandons it, which ends the renewals. */
const endsInDoubt = ({ end, claim, steps, transactions }: Run, order: number): boolean => {
  if (end === undefined || end.order > order) return false
  // After a commit of unknown fate a claim is abandoned, whatever its handler answers.
  if (transactions.some((one) => one.end?.how === 'unknown' || one.end?.how === 'lost')) return true
  if (isOutcome(end.deed)) return false
  return !isNothingDone(end.deed) || claim.attempt > claim.generation || steps.some(mayHaveActed)
}

/** No renewal is sent during a transaction. */
const transacts = ({ transactions }: Run, order: number): boolean =>
  transactions.some(({ start, end }) => start.order < order && (end === undefined || end.order > order))

const endOf = ({ ends }: Story, invocation: number) => ends.find((end) => end.invocation === invocation)

/** On the clock of the invocation's host; `undefined` if that does not enforce one. */
export const deadlineOf = (story: Story, invocation: number): number | undefined => endOf(story, invocation)?.deadline

export const marginOf = (story: Story, invocation: number): number =>
  deadlineOf(story, invocation) === undefined ? UNENFORCED_MARGIN : KILL_MARGIN

/** On the clock of the invocation's host. */
export const lastEnd = (story: Story, invocation: number): number =>
  (endOf(story, invocation)?.expectedEnd ?? 0) + marginOf(story, invocation)

export const skewOf = (story: Story, invocation: number): number =>
  story.hostSkews[endOf(story, invocation)?.host ?? 0] ?? 0
