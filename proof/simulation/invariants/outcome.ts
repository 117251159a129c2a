import { outcomeOf } from '../../../lib/core/outcome/outcome.ts'
import type { SettledRecord, StoredRecord } from '../../../lib/core/record/record.ts'
import type { Answered } from '../history.ts'
import {
  firstOf,
  type Invariant,
  isClaimWrite,
  isCompletion,
  isDecision,
  isOverriding,
  isPast,
  type Story,
  settledIn,
} from './story.ts'

/** At most one completion is applied in an incarnation, and only by the owner of the live claim. */
export const oneCompletion: Invariant = (story) => {
  let completed: { token: string; incarnation: number } | undefined
  return firstOf(story.writes, (write, index) => {
    if (isDecision(write) || isOverriding(write)) completed = undefined
    if (!isCompletion(write)) return undefined
    const incarnation = story.incarnations[index] as number
    if (completed?.incarnation === incarnation)
      return `${write.claim.claimToken} completed after ${completed.token} had completed`
    completed = { token: write.claim.claimToken, incarnation }
    return write.by === 'put' || write.before?.claimToken === write.claim.claimToken
      ? undefined
      : `${write.claim.claimToken} completed the record of ${write.before?.claimToken ?? 'no claim'}`
  })
}

/** A settled record changes only by expiry, by a person's decision, or by an approved override. Persons keep its outcome otherwise. */
export const settledStays: Invariant = (story) =>
  firstOf(story.writes, (write) => {
    const settled = settledIn(write.before)
    if (settled === undefined || isDecision(write) || isPast(settled, write.at + story.judgedWithin)) return undefined
    if (isClaimWrite(write) && isOverriding(write)) return undefined
    if (write.by === 'operator' && isKept(settled, write.after)) return undefined
    return `the outcome of ${settled.claimToken} was changed by ${write.by}`
  })

const isKept = (settled: SettledRecord, after: StoredRecord | undefined): boolean =>
  after?.status === settled.status && after.expiresAt >= settled.expiresAt && isSame(after, settled)

/** All success answers of one incarnation are equal to the stored one. */
export const equalAnswers: Invariant = (story) =>
  firstOf(story.answers, (answer) => {
    const { result } = answer
    if (result.kind === 'replay') return replayedAsStored(story, answer, result.record)
    if (result.kind !== 'answered' || result.status !== 'completed') return undefined
    const stored = storedBy(story, answer)
    if (stored === undefined) return `invocation ${answer.invocation} answered what was never stored`
    return sameBytes(stored.outcome, result.value)
      ? undefined
      : `invocation ${answer.invocation} answered something else than it stored`
  })

const storedBy = ({ writes }: Story, { claim, orders, result, order }: Answered): SettledRecord | undefined =>
  settledIn(
    writes.find(
      (write) =>
        isCompletion(write) &&
        write.order < order &&
        (orders === undefined
          ? write.after?.claimToken === claim?.claimToken
          : write.by === 'put' && result.kind === 'answered' && sameBytes(outcomeIn(write.after), result.value)),
    )?.after,
  )

const outcomeIn = (record: StoredRecord | undefined): Uint8Array => settledIn(record)?.outcome ?? new Uint8Array(2)

const sameBytes = (stored: Uint8Array, answer: unknown): boolean => {
  const outcome = outcomeOf(answer)
  return outcome.kind === 'json' && Buffer.from(stored.subarray(2)).toString() === outcome.text
}

/** Each outcome contains the number of its run, so equal bytes mean the same outcome. */
const replayedAsStored = (
  { writes, profile, judgedWithin }: Story,
  { invocation, order, askedAt }: Answered,
  record: SettledRecord,
): string | undefined => {
  const stored = writes.find(
    ({ after, order: at }) => at < order && after?.claimToken === record.claimToken && isSame(after, record),
  )
  if (stored === undefined) return `invocation ${invocation} replayed what was never stored`
  if (!profile.farClocks && isPast(record, Math.floor(askedAt / 1000) * 1000 - judgedWithin))
    return `invocation ${invocation} replayed an outcome that had expired`
  return undefined
}

export const isSame = (after: StoredRecord, record: SettledRecord): boolean => {
  const settled = settledIn(after)
  return settled !== undefined && Buffer.compare(settled.outcome, record.outcome) === 0
}

/** An outcome is replayed only to a request with the same fingerprint. */
export const ownPayload: Invariant = ({ answers }) =>
  firstOf(answers, ({ invocation, fingerprint, result }) =>
    result.kind === 'replay' && result.record.fingerprint !== fingerprint
      ? `invocation ${invocation} replayed the outcome of another payload`
      : undefined,
  )
