import type { Write } from '../history.ts'
import { lastEnd, leaseSeconds, marginOf, skewOf } from './lease.ts'
import { questionOf } from './question.ts'
import { firstOf, type Invariant, isClaimWrite, type Story } from './story.ts'

/** Under `rerunWithinSeconds` a run in doubt begins only if its lease ends within the window, and so do its renewals. */
export const endsWithinWindow: Invariant = (story) => {
  const within = windowOf(story)
  if (within === undefined) return undefined
  return firstOf(story.runs, (run) => {
    const { claim } = run
    if (claim.attempt === claim.generation || questionOf(story, run) !== undefined) return undefined
    const began = generationBegan(story, claim)
    if (began === undefined) return undefined
    const late = claim.leaseExpiresAt + story.skew - (began + within)
    if (late > 0) return `${claim.claimToken} may run for ${late} ms after the window of its generation`
    const renewed = story.writes.find(
      (write) => write.by === 'renew' && write.claim.claimToken === claim.claimToken && leaseIn(write) > began + within,
    )
    return renewed === undefined ? undefined : `${claim.claimToken} was renewed past the window of its generation`
  })
}

/** A run that can end within the window begins: its record is neither held nor asked about. */
export const runsWithinWindow: Invariant = (story) => {
  const within = windowOf(story)
  if (within === undefined) return undefined
  return (
    firstOf(story.questions, ({ claim }) => {
      const began = generationBegan(story, claim)
      return began !== undefined && claim.leaseExpiresAt + story.skew <= began + within
        ? `${claim.claimToken} asked, and could have run within the window`
        : undefined
    }) ??
    firstOf(story.answers, ({ result, invocation, asked, order, at, claim }) => {
      if (result.kind !== 'refused' || result.error.code !== 'outcome-unknown') return undefined
      if (claim !== undefined) return undefined // it ran, and a step stopped it
      const runEnds = mostLease(story, invocation, at)
      return recordsBetween(story, asked, order).every(
        ({ began }) => began !== undefined && runEnds + story.skew <= began + within,
      )
        ? `invocation ${invocation} was held, and could have run within the window`
        : undefined
    })
  )
}

const windowOf = ({ profile: { rerunWithinSeconds } }: Story): number | undefined =>
  rerunWithinSeconds === undefined ? undefined : rerunWithinSeconds * 1_000

/** The longest lease that the invocation could ask for, by the clock of its host. */
const mostLease = (story: Story, invocation: number, at: number): number => {
  const seconds = leaseSeconds(story)
  const now = at + skewOf(story, invocation)
  // An invocation that a freeze has carried past its end counts its margin from then on.
  const last = Math.max(lastEnd(story, invocation), now + marginOf(story, invocation))
  return seconds === undefined ? last : Math.min(last, now + seconds * 1_000)
}

interface Standing {
  /** When the generation began; `undefined`: the record is not in progress. */
  readonly began: number | undefined
}

/** The records that a request of this time may have met. */
const recordsBetween = (story: Story, from: number, until: number): readonly Standing[] => {
  const first = story.writes.findLastIndex(({ order }) => order < from)
  return story.writes
    .filter(({ order }, index) => index === first || (order > from && order < until))
    .map((write) => ({ began: write.after?.status === 'IN_PROGRESS' ? beganBy(story, write) : undefined }))
}

const beganBy = (story: Story, { after, order }: Write): number | undefined =>
  after === undefined ? undefined : beginningOf(story, after.generation, order)

/** When the generation of a claim began, as the write says that began it, and never later than that write. */
const generationBegan = (
  story: Story,
  { claimToken, generation }: { claimToken: string; generation: number },
): number | undefined => {
  const order = story.writes.find((write) => isClaimWrite(write) && write.claim.claimToken === claimToken)?.order
  return order === undefined ? undefined : beginningOf(story, generation, order)
}

const beginningOf = (story: Story, generation: number, order: number): number | undefined => {
  const write = story.writes.findLast(
    (one) =>
      one.order <= order &&
      (isClaimWrite(one) || one.by === 'nextGeneration') &&
      one.after?.generation === generation &&
      one.after.attempt === generation,
  )
  if (write === undefined || !('invocation' in write) || write.after?.status !== 'IN_PROGRESS') return undefined
  const { createdAt, generationAt = createdAt } = write.after
  return Math.min(generation === 1 ? createdAt : generationAt, write.at + skewOf(story, write.invocation))
}

const leaseIn = ({ after }: Write): number =>
  after?.status === 'IN_PROGRESS' ? (after.leaseExpiresAt ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY
