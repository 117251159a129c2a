import { isOutcome } from '../deed.ts'
import type { Answered } from '../history.ts'
import { firstOf, type Invariant, isClaimWrite, type Story, settledIn } from './story.ts'

/** Without crash, lapsed lease, failure or give-up: exactly one run, and the record ends settled. */
export const oneRun: Invariant = (story) => {
  if (somebodyFailed(story) || story.hasOperator || someLeaseLapsed(story)) return undefined
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

/** If nobody crashed, failed or gave up, no record stays in progress when all invocations have ended. */
export const nothingStays: Invariant = (story) => {
  if (somebodyFailed(story)) return undefined
  return firstOf(story.rests, ({ record }) =>
    record?.status === 'IN_PROGRESS' ? `the record of ${record.claimToken} stays in progress` : undefined,
  )
}

/** A crash, a failure, a give-up: after any of them a record may rest unsettled, or run again. */
const somebodyFailed = (story: Story): boolean =>
  story.deaths.length > 0 ||
  story.refusals > 0 ||
  story.runs.some(({ end }) => end === undefined || !isOutcome(end.deed)) ||
  story.answers.some((answer) => gaveUp(answer, story)) ||
  story.writes.some(isStrayClaim)

/** The fate of a write stayed unknown. */
const gaveUp = ({ result, claim, order }: Answered, { writes }: Story): boolean =>
  (result.kind === 'threw' &&
    !writes.some(
      (write) => write.by === 'settle' && write.claim.claimToken === claim?.claimToken && write.order < order,
    )) ||
  (result.kind === 'refused' && result.error.code === 'idempotency-unavailable') ||
  (result.kind === 'answered' && (result.standing === 'unstored' || result.standing === 'unprotected'))

/**
 * A first send that was overtaken by its second, which was refused, and came after TTL had swept the record: nobody
 * holds that claim. No condition can tell it from a claim in time; its lease ends it.
 */
const isStrayClaim = (write: Story['writes'][number]): boolean => isClaimWrite(write) && write.stray

const someLeaseLapsed = ({ writes }: Story): boolean =>
  writes.some((write) => isClaimWrite(write) && write.before?.status === 'IN_PROGRESS')

/** An uncontended call makes two writes and one read at most; a claim step at most five requests. */
export const fewRequests: Invariant = (story) =>
  firstOf(story.answers, (answer) => {
    const { invocation, requests } = answer
    if (requests.claimStep > 5) return `invocation ${invocation} made ${requests.claimStep} requests to claim`
    if (!isUncontended(story)) return undefined
    return requests.writes <= 2 && requests.reads <= 1
      ? undefined
      : `invocation ${invocation} made ${requests.writes} writes and ${requests.reads} reads alone`
  })

/** Alone, with a network that does what it should. */
const isUncontended = ({ invocations, profile: { faults, operator } }: Story): boolean =>
  !operator && invocations === 1 && Object.values(faults).every((probability) => probability === 0)

/** What a header of whole seconds adds, counted from the start of a wait, and the round trips. */
const ROUNDING = 2_500

/** If faults stop and calls keep coming, some call completes within lease + skew + 2 s + one handler time. */
export const somebodyCompletes: Invariant = ({ calms, skew }) =>
  firstOf(calms, ({ since, record, handlerMillis, answeredAt }) => {
    const lease = record?.status === 'IN_PROGRESS' ? (record.leaseExpiresAt ?? since) : since
    const due = Math.max(since, lease) + skew + 2_000 + handlerMillis + ROUNDING
    if (answeredAt === undefined) return 'callers kept coming, and none got an outcome'
    return answeredAt <= due ? undefined : `the first outcome came ${answeredAt - due} ms late`
  })

/** Who waits as long as it was told is not refused again. */
export const waitsOnce: Invariant = ({ calms }) =>
  firstOf(calms, ({ refusedAgain }) =>
    refusedAgain > 0 ? `refused ${refusedAgain} times after the time to wait` : undefined,
  )
