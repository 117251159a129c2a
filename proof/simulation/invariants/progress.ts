import { isOutcome } from '../deed.ts'
import type { Answered } from '../history.ts'
import { firstOf, type Invariant, isClaimWrite, type Story, settledIn } from './story.ts'

/** Without a crash, lapsed lease, failure or give-up there is exactly one run, and the record ends settled. */
export const oneRun: Invariant = (story) => {
  if (anyFailure(story) || story.hasOperator || someLeaseLapsed(story) || hasWriters(story)) return undefined
  const runs = new Map<number, number>()
  for (const { claim } of story.runs) {
    const incarnation = story.incarnationOf(claim.claimToken) ?? 0
    runs.set(incarnation, (runs.get(incarnation) ?? 0) + 1)
  }
  for (const [incarnation, count] of runs) if (count !== 1) return `${count} runs in incarnation ${incarnation}`
  return firstOf(story.rests, ({ record }) =>
    record === undefined || settledIn(record) !== undefined ? undefined : `the record rests as ${record.status}`,
  )
}

/**
 * Without a crash, failure or give-up, no record stays in progress after all invocations have ended. A person's proposal
 * ends a claim whose lease has ended on that person's clock.
 */
export const nothingStays: Invariant = (story) => {
  if (anyFailure(story) || hasWriters(story) || isFencedByPerson(story)) return undefined
  return firstOf(story.rests, ({ record }) =>
    record?.status === 'IN_PROGRESS' ? `the record of ${record.claimToken} stays in progress` : undefined,
  )
}

const isFencedByPerson = ({ writes }: Story): boolean =>
  writes.some(({ by, after }) => by === 'operator' && after?.status === 'IN_PROGRESS')

/** A one-shot write has no run. */
const hasWriters = ({ profile: { trade } }: Story): boolean => trade !== undefined && trade.kind !== 'transact'

/** A crash, a failure, a give-up or a question without a decision: after any of them a record may stay unsettled, or its handler may run again. */
const anyFailure = (story: Story): boolean =>
  story.deaths.length > 0 ||
  story.refusals > 0 ||
  story.runs.some(({ end }) => end === undefined || !isOutcome(end.deed)) ||
  story.answers.some((answer) => gaveUp(answer, story)) ||
  story.writes.some(isStrayClaim)

const UNDECIDED: ReadonlySet<string> = new Set(['idempotency-unavailable', 'outcome-pending'])

/** Whether the fate of a write stayed unknown, or the reconcile function did not decide. */
const gaveUp = ({ result, claim, order }: Answered, { writes }: Story): boolean =>
  (result.kind === 'threw' &&
    !writes.some(
      (write) =>
        (write.by === 'settle' || write.by === 'commit') &&
        write.claim.claimToken === claim?.claimToken &&
        write.order < order,
    )) ||
  (result.kind === 'refused' && UNDECIDED.has(result.error.code)) ||
  (result.kind === 'answered' && (result.status === 'unstored' || result.status === 'unprotected'))

/**
 * A first send that arrived after its second send was refused and TTL had swept the record. No invocation holds this
 * claim. No condition can distinguish it from a claim in time; it ends with its lease.
 */
const isStrayClaim = (write: Story['writes'][number]): boolean => isClaimWrite(write) && write.stray

const someLeaseLapsed = ({ writes }: Story): boolean =>
  writes.some((write) => isClaimWrite(write) && write.before?.status === 'IN_PROGRESS')

/** An uncontended call makes at most two writes and one read; a claim step makes at most five requests. */
export const fewRequests: Invariant = (story) =>
  firstOf(story.answers, (answer) => {
    const { invocation, requests } = answer
    if (requests.claimStep > 5) return `invocation ${invocation} made ${requests.claimStep} requests to claim`
    if (!isUncontended(story) || isRetry(story, answer)) return undefined
    const { writes, reads, checkpoints } = requests
    if (checkpoints > mostCheckpoints(story, answer)) return `invocation ${invocation} made ${checkpoints} checkpoints`
    return writes <= 2 + transactionsIn(story, answer) && reads <= 1
      ? undefined
      : `invocation ${invocation} made ${writes} writes and ${reads} reads without contention`
  })

/** A call after a 503 of the same invocation meets what the call before has left. */
const isRetry = ({ answers }: Story, { invocation, order }: Answered): boolean =>
  answers.some((earlier) => earlier.invocation === invocation && earlier.order < order)

/** A step writes one checkpoint, and one mark before it with `inDoubt: 'stop'`. */
const mostCheckpoints = ({ runs }: Story, { invocation }: Answered): number =>
  runs
    .filter((run) => run.invocation === invocation)
    .flatMap(({ steps }) => steps)
    .reduce((count, { step }) => count + (step.inDoubt === 'stop' ? 2 : 1), 0)

const transactionsIn = ({ runs }: Story, { invocation }: Answered): number =>
  runs.filter((run) => run.invocation === invocation).reduce((count, run) => count + run.transactions.length, 0)

/** One invocation, no operator, no network faults. */
const isUncontended = (story: Story): boolean =>
  !story.profile.operator && story.invocations === 1 && isFaultless(story)

export const isFaultless = ({ profile: { faults, trade } }: Story): boolean =>
  (trade === undefined || trade.busy + trade.dark === 0) &&
  Object.values(faults).every((probability) => probability === 0)

/** Rounding `Retry-After` up to whole seconds, and the round trips. */
const ROUNDING = 2_500

/** If faults stop and calls keep coming, some call completes within lease + skew + 2 s + the time of one handler. */
export const someCallCompletes: Invariant = ({ calms, skew }) =>
  firstOf(calms, ({ since, record, handlerMillis, answeredAt }) => {
    const lease = record?.status === 'IN_PROGRESS' ? (record.leaseExpiresAt ?? record.reconcileAt ?? since) : since
    const due = Math.max(since, lease) + skew + 2_000 + handlerMillis + ROUNDING
    if (answeredAt === undefined) return 'callers kept coming, and none got an outcome'
    return answeredAt <= due ? undefined : `the first outcome came ${answeredAt - due} ms late`
  })

/** A caller that waits for `Retry-After` is not refused again. */
export const waitsOnce: Invariant = ({ calms }) =>
  firstOf(calms, ({ refusedAgain, pendingAgain }) => {
    if (refusedAgain > 0) return `refused ${refusedAgain} times after the time to wait`
    return pendingAgain > 0 ? `pending ${pendingAgain} times after the time to wait` : undefined
  })
