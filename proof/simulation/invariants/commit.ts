import type { StoredRecord } from '../../../lib/core/record/record.ts'
import type { Answer } from '../deed.ts'
import type { Answered, Run, Transaction } from '../history.ts'
import { type CommitWrite, firstOf, type Invariant, isCommitWrite, type Story, settledIn } from './story.ts'

const commitsIn = ({ writes }: Story): readonly CommitWrite[] => writes.filter(isCommitWrite)

/** The number of the order that an outcome was stored with. */
const orderIn = (record: StoredRecord | undefined): number | undefined => {
  const settled = settledIn(record)
  return settled === undefined
    ? undefined
    : (JSON.parse(Buffer.from(settled.outcome.subarray(2)).toString()) as Answer).order
}

/** An order and the record that is settled with it are stored both or neither. */
export const rowsAndRecord: Invariant = (story) => {
  const { rows } = story
  if (rows.length === 0 && story.profile.trade === undefined) return undefined
  const commits = commitsIn(story)
  const numbers = new Set(commits.map(({ after }) => orderIn(after)))
  return (
    firstOf(rows, ({ number }) =>
      numbers.has(number) ? undefined : `order ${number} was stored without its answer`,
    ) ??
    firstOf(commits, ({ after, claim }) =>
      rows.some(({ number }) => number === orderIn(after))
        ? undefined
        : `${claim.claimToken} was committed without its order`,
    ) ??
    (rows.length === commits.length ? undefined : `${rows.length} orders were stored by ${commits.length} commits`)
  )
}

/** A commit writes only to a record in progress under its own claim. */
export const commitsItsOwn: Invariant = (story) =>
  firstOf(story.writes, ({ by, before, ...write }) => {
    if (by !== 'commit' || !('claim' in write)) return undefined
    const { claimToken } = write.claim
    return before?.status === 'IN_PROGRESS' && before.claimToken === claimToken
      ? undefined
      : `${claimToken} committed over the record of ${before?.claimToken ?? 'no claim'}`
  })

/**
 * A caller that gets anything but the committed answer, or 503 if the handler does not know of the commit, finds no commit
 * of its request: neither then nor afterwards.
 */
export const answersTheCommitted: Invariant = (story) => {
  if (story.profile.trade === undefined) return undefined
  const commits = commitsIn(story)
  return firstOf(story.answers, (answer) => {
    const commit = commits.find((write) => isOf(write, answer) && isHeldAt(story, write, answer))
    return commit === undefined || answersAs(story, answer, commit)
      ? undefined
      : `invocation ${answer.invocation} answered something else than its commit of order ${orderIn(commit.after)}`
  })
}

/** Whether it is a commit of the request that was answered. */
const isOf = ({ claim, after }: CommitWrite, answer: Answered): boolean =>
  answer.orders === undefined
    ? claim.claimToken === answer.claim?.claimToken
    : answer.orders.includes(orderIn(after) ?? Number.NaN)

/** Nothing had replaced what it stored before the answer, and no retention ended between the answer and a late send. */
const isHeldAt = ({ writes }: Story, { order, claim }: CommitWrite, answer: Answered): boolean =>
  order > answer.order
    ? !isOfAnotherRecord(answer) ||
      !writes.some((write) => write.by === 'sweep' && write.order > answer.order && write.order < order)
    : !writes.some(
        ({ after, ...write }) =>
          write.order > order && write.order < answer.order && after?.claimToken !== claim.claimToken,
      )

/** The answer is about a record that was there, and that keeps a late send away until it is deleted. */
const isOfAnotherRecord = ({ result }: Answered): boolean =>
  result.kind === 'replay' || (result.kind === 'refused' && result.error.code === 'key-reused')

const answersAs = (story: Story, { result, claim, order }: Answered, commit: CommitWrite): boolean => {
  const number = orderIn(commit.after)
  if (result.kind === 'answered') return commit.order < order && result.value?.order === number
  if (result.kind === 'replay') return commit.order < order && orderIn(result.record) === number
  if (result.kind !== 'refused' || !UNKNOWN.has(result.error.code)) return false
  return !transactionsOf(story, claim).some(({ end }) => end?.how === 'committed')
}

/** Refusals that say nothing about the request. */
const UNKNOWN: ReadonlySet<string> = new Set(['idempotency-unavailable', 'store-misconfigured'])

const transactionsOf = ({ runs }: Story, claim: Answered['claim']): readonly Transaction[] =>
  claim === undefined ? [] : (runs.find((run) => run.claim === claim)?.transactions ?? [])

/** After a commit of unknown fate the caller gets 503, or what is stored, unless another claim has fenced that commit. */
export const answersTheUnknown: Invariant = (story) => {
  if (story.doubts.length === 0) return undefined
  return firstOf(story.answers, (answer) => {
    const { claim, result, invocation } = answer
    const isUnknown = transactionsOf(story, claim).some(
      ({ end, number }) => end?.how === 'unknown' && story.doubts.some((doubt) => doubt.number === number),
    )
    if (!isUnknown || result.kind === 'replay') return undefined
    if (result.kind === 'threw' && isFenced(story, answer)) return undefined
    if (result.kind === 'answered' && result.value?.order !== undefined) return undefined
    return result.kind === 'refused' && [...UNKNOWN, 'in-progress'].includes(result.error.code)
      ? undefined
      : `invocation ${invocation} answered its handler's own answer, although its transaction may have been applied`
  })
}

const isFenced = ({ writes }: Story, { claim, order }: Answered): boolean =>
  writes.some(
    ({ before, after, order: at }) =>
      at < order && before?.claimToken === claim?.claimToken && after?.claimToken !== claim?.claimToken,
  )

/**
 * A handler hears that its claim is lost, or that nothing was written, only if its transaction has not been applied. A
 * refusal is an earlier answer if the client has sent twice: then the end of the claim finds the commit.
 */
export const knowsItsCommit: Invariant = (story) =>
  firstOf(story.runs, ({ claim, transactions }: Run) =>
    firstOf(transactions, ({ number, end }) =>
      end !== undefined &&
      (end.how === 'lost' || (end.how === 'refused' && !story.doubts.some((doubt) => doubt.number === number))) &&
      end.record?.claimToken === claim.claimToken &&
      orderIn(end.record) === number
        ? `${claim.claimToken} heard that order ${number} is ${end.how}, although it was committed`
        : undefined,
    ),
  )

/** A claim that its own late commit has settled is not reported lost to the observer. */
export const countsItsOwn: Invariant = ({ lossReports }) =>
  firstOf(lossReports, ({ claim, record }) =>
    record?.claimToken === claim.claimToken && settledIn(record) !== undefined
      ? `${claim.claimToken} was reported lost, although its own transaction is stored`
      : undefined,
  )

/** No renewal begins during a transaction: each would be in conflict with the other. */
export const renewsNothingMeanwhile: Invariant = ({ runs, attempts }) =>
  firstOf(runs, ({ claim, transactions }) =>
    firstOf(transactions, ({ number, start, end }) =>
      attempts.some((attempt) => attempt.claim === claim && attempt.at > start.at && attempt.at < (end?.at ?? 0))
        ? `${claim.claimToken} was renewed during its transaction of order ${number}`
        : undefined,
    ),
  )

/** A handler hears that its transaction is committed only if it is stored. */
export const committedIsStored: Invariant = (story) =>
  firstOf(story.runs, ({ claim, transactions }: Run) =>
    firstOf(transactions, ({ number, end }) =>
      end?.how === 'committed' && !story.rows.some((row) => row.number === number && row.order < end.order)
        ? `${claim.claimToken} heard that order ${number} is committed, and it was not`
        : undefined,
    ),
  )
