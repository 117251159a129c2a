import type { Override } from '../../../lib/core/record/record.ts'
import type { Write } from '../history.ts'
import { skewOf } from './lease.ts'
import { type ClaimWrite, firstOf, type Invariant, isClaimWrite, isOverriding, isPast, type Story } from './story.ts'

/** Another payload is claimed only after a release, an expiry, or an approved override of exactly this payload. */
export const claimsItsPayload: Invariant = (story) =>
  firstOf(story.writes, (write) =>
    !isClaimWrite(write) || !isOfAnother(story, write) || isOverriding(write)
      ? undefined
      : `${write.claim.claimToken} claimed the key of another payload`,
  )

/** A claim over the record of another payload that is neither released nor expired. */
const isOfAnother = ({ judgedWithin }: Story, { before, after, at }: ClaimWrite): boolean =>
  before !== undefined &&
  before.fingerprint !== after?.fingerprint &&
  before.status !== 'RELEASED' &&
  !isPast(before, at + judgedWithin)

/** An approval allows one claim, and thereby one chain of runs. The claim leaves no override. */
export const approvesOnce: Invariant = (story) => {
  let isUsed = true
  return firstOf(story.writes, (write) => {
    if (write.by === 'operator' && write.act === 'approve') isUsed = false
    if (!isClaimWrite(write)) return undefined
    const { claimToken } = write.claim
    if (write.after?.override !== undefined) return `${claimToken} left an override`
    if (!isOfAnother(story, write)) return undefined
    if (isUsed) return `${claimToken} used an approval a second time`
    isUsed = true
    return undefined
  })
}

/** From the judgement of a record until the next claim is made: an answer under way, and whole seconds of the store. */
const JUDGED_EARLIER = 6_000

/** An override allows nothing after its end. */
export const overridesInTime: Invariant = (story) =>
  firstOf(story.writes, (write) => {
    if (!isClaimWrite(write) || !isOfAnother(story, write)) return undefined
    const { before, claim, invocation } = write
    const madeAt = (claim.generationAt ?? 0) - skewOf(story, invocation)
    const late = madeAt - JUDGED_EARLIER - (before?.override?.until ?? 0)
    if (late <= 0 || story.freezes.some(({ from, until }) => from <= madeAt && until >= madeAt - JUDGED_EARLIER))
      return undefined
    return `${claim.claimToken} used an override ${late} ms after its end`
  })

/** No person approves their own proposal, unless the table allows it. */
export const approvedByAnother: Invariant = ({ profile: { overrides }, writes }) =>
  overrides === undefined || overrides.rule === 'one-person'
    ? undefined
    : firstOf(writes, ({ after }) =>
        isOwnApproval(after?.override) ? `${after?.override?.approvedBy} approved their own proposal` : undefined,
      )

const isOwnApproval = (override: Override | undefined): boolean =>
  override?.approvedBy !== undefined && override.approvedBy === override.proposedBy

/** An override is proposed and approved only beside a lease that has ended: its write fences the owner. */
export const overridesNoLease: Invariant = (story) =>
  firstOf(story.writes, (write) => {
    if (write.by !== 'operator' || (write.act !== 'propose' && write.act !== 'approve')) return undefined
    return isLeased(story, write)
      ? `the ${write.act} fenced ${write.before?.claimToken} under its live lease`
      : undefined
  })

const isLeased = ({ skew }: Story, { before, decidedAt }: Extract<Write, { by: 'operator' }>): boolean =>
  before?.status === 'IN_PROGRESS' && before.leaseExpiresAt !== undefined && decidedAt <= before.leaseExpiresAt + skew
