import { type Claim, runsInDoubt } from '../../../lib/core/record/claim.ts'
import type { InProgressRecord } from '../../../lib/core/record/record.ts'
import type { Question, Run, Write } from '../history.ts'
import { firstOf, type Invariant, isLapsed, replacement, type Story } from './story.ts'

/** A question is only about an abandoned record of the same payload, and comes no earlier than `reconcileAt`. */
export const asksAboutTheAbandoned: Invariant = (story) =>
  firstOf(story.questions, ({ claim }) => {
    const write = story.claimWrite(claim.claimToken)
    const before = write?.before
    if (write === undefined || before?.status !== 'IN_PROGRESS')
      return `${claim.claimToken} asked about no abandoned record`
    if (before.fingerprint !== claim.fingerprint) return `${claim.claimToken} asked about another payload`
    const { reconcileAt } = before
    return reconcileAt !== undefined && write.at + story.judgedWithin < reconcileAt
      ? `${claim.claimToken} asked ${reconcileAt - write.at} ms too early`
      : undefined
  })

/** While a question is open, and its lease has not lapsed, no handler runs, no other claim asks, and the claim does not end. */
export const asksAlone: Invariant = (story) =>
  firstOf(story.questions, (question) => replacedTooEarly(story, question) ?? besideQuestion(story, question))

const replacedTooEarly = (story: Story, { claim, start, ...question }: Question): string | undefined => {
  const taken = replacement(story, claim.claimToken)
  if (taken === undefined || taken.by === 'operator' || !isWithin(story, { start, ...question }, taken.order))
    return undefined
  const { before, at } = taken
  return before?.status === 'IN_PROGRESS' && before.leaseExpiresAt !== undefined && isLapsed(story, before, at)
    ? undefined
    : `${claim.claimToken} was replaced while it asked under a live lease`
}

const besideQuestion = (story: Story, question: Question): string | undefined => {
  const { claim, start } = question
  const taken = replacement(story, claim.claimToken)?.order ?? Number.POSITIVE_INFINITY
  const isBeside = (order: number): boolean => order < taken && isWithin(story, question, order)
  const run = story.runs.find((other) => isBeside(other.start.order))
  if (run !== undefined) return `${run.claim.claimToken} ran while ${claim.claimToken} asked`
  const other = story.questions.find((another) => another !== question && isBeside(another.start.order))
  if (other !== undefined) return `${other.claim.claimToken} asked while ${claim.claimToken} asked`
  const ended = story.writes.find(
    (write) =>
      write.by === 'settle' &&
      write.claim.claimToken === claim.claimToken &&
      write.sent > start.order &&
      isBeside(write.order),
  )
  return ended === undefined ? undefined : `${claim.claimToken} was ended while it asked`
}

const isWithin = (
  { deaths }: Story,
  { start, end, invocation }: Pick<Question, 'start' | 'end' | 'invocation'>,
  order: number,
): boolean => {
  const died = deaths.find((death) => death.invocation === invocation)?.order ?? Number.POSITIVE_INFINITY
  return order > start.order && order < Math.min(end?.order ?? Number.POSITIVE_INFINITY, died)
}

/** After a question the handler runs only as it was answered: `rerun` keeps the downstream keys, `notDone` makes new ones. */
export const runsAsAnswered: Invariant = (story) =>
  firstOf(story.runs, (run) => {
    const question = questionOf(story, run)
    if (question === undefined) return undefined
    const { end } = question
    const { claim, downstreamKey } = run
    const isSameKey = downstreamKey === question.downstreamKey
    if (end === undefined || end.order > run.start.order) return `${claim.claimToken} ran without an answer`
    if (end.decision === 'rerun')
      return isSameKey && claim.generation === question.claim.generation
        ? undefined
        : `${claim.claimToken} got new downstream keys after rerun`
    if (end.decision === 'notDone')
      return !isSameKey && claim.generation === claim.attempt
        ? undefined
        : `${claim.claimToken} kept its generation after notDone`
    return `${claim.claimToken} ran after ${end.decision}`
  })

export const questionOf = (
  { questions }: Pick<Story, 'questions'>,
  { claim }: Pick<Run, 'claim'>,
): Question | undefined => questions.find((question) => question.claim.claimToken === claim.claimToken)

/** The handler gets the downstream keys of the generation that is stored. */
export const runsInStoredGeneration: Invariant = ({ runs }) =>
  firstOf(runs, ({ claim, downstreamKey, storedKey }) =>
    storedKey === undefined || storedKey === downstreamKey
      ? undefined
      : `${claim.claimToken} ran in a generation that is not stored`,
  )

/** A generation begins once, after `notDone`, under a live claim: a delayed duplicate changes nothing. */
export const beginsGenerationOnce: Invariant = (story) => {
  const begun = new Set<string>()
  return firstOf(story.writes, (write) => {
    if (write.by !== 'nextGeneration') return undefined
    const { claimToken } = write.claim
    if (begun.has(claimToken)) return `${claimToken} began its generation a second time`
    begun.add(claimToken)
    if (questionOf(story, write)?.end?.decision !== 'notDone') return `${claimToken} began a generation without notDone`
    return isLeased(write.before) ? undefined : `${claimToken} began a generation without a lease`
  })
}

const isLeased = (record: Write['before']): record is InProgressRecord =>
  record?.status === 'IN_PROGRESS' && record.leaseExpiresAt !== undefined

/**
 * Each claim of the generation counts as a run in doubt, except those that were abandoned and had run nothing. After
 * `notDone` such a claim may count: it is not known to which generation its end belongs. Once a person has decided a step,
 * no claim before that counts.
 */
export const countsRuns: Invariant = (story) =>
  firstOf(story.runs, ({ claim, start }) => {
    const incarnation = story.incarnationOf(claim.claimToken)
    if (incarnation === undefined) return undefined
    const from = countedFrom(story, claim)
    const unrun = story.writes.flatMap((write, index) =>
      write.by === 'settle' &&
      write.order < start.order &&
      write.claim.attempt >= from &&
      story.incarnations[index] === incarnation &&
      write.after?.status === 'IN_PROGRESS' &&
      write.after.generation === claim.generation &&
      !story.runs.some((run) => run.claim.claimToken === write.claim.claimToken)
        ? [questionOf(story, write)?.end?.decision]
        : [],
    )
    const mayCount = unrun.filter((decision) => decision === 'notDone').length
    const counted = runsInDoubt(claim)
    const runs = claim.attempt - from + 1 - unrun.length
    return runs <= counted && counted <= runs + mayCount
      ? undefined
      : `${claim.claimToken} counts ${counted} runs in doubt, which are ${runs}`
  })

/** The first attempt of the claim's generation that counts. */
const countedFrom = (story: Story, { claimToken, attempt, generation }: Claim): number =>
  story.writes.reduce((from, write, index) => {
    const { after } = write
    const isDecision =
      write.by === 'operator' &&
      write.about !== undefined &&
      story.incarnations[index] === story.incarnationOf(claimToken) &&
      after?.generation === generation &&
      after.attempt < attempt
    return isDecision ? after.attempt + 1 : from
  }, generation)
