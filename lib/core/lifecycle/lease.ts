import { DEFAULT_LEASE_SECONDS, KILL_MARGIN_SECONDS, MAX_INVOCATION_SECONDS } from '../limits.ts'
import { type Claim, type ClaimTerms, isInDoubt } from '../record/claim.ts'
import type { Settings } from '../settings.ts'
import { type EpochMillis, earliest, fromSeconds, later, latest, type Millis } from '../time.ts'
import type { ClaimRequest, InvocationTimes } from './request.ts'

const KILL_MARGIN = fromSeconds(KILL_MARGIN_SECONDS)

/**
 * The lease on a host that does not report a deadline, or runs on past it. It is renewed, and ends no later than this
 * after the end of the context's remaining time.
 */
const UNBOUNDED_LEASE = fromSeconds(DEFAULT_LEASE_SECONDS)

/** Without a context, a handler that takes longer than Lambda allows counts as one that hangs. */
const LONGEST_RUN = fromSeconds(MAX_INVOCATION_SECONDS)

/** A record whose owner crashed is kept for a day after its lease, for whoever investigates the crash. */
const CRASHED_RETENTION = fromSeconds(86_400)

/** The span of a lease that is renewed; `undefined` if one lease covers the whole invocation. */
export const renewedLease = ({ lease }: Settings, { deadline }: ClaimRequest): Millis | undefined =>
  lease ?? (deadline === undefined ? UNBOUNDED_LEASE : undefined)

/** Lease and remaining time are counted with the same clock, so the host's skew cancels. */
export const claimTerms = (settings: Settings, request: ClaimRequest): ClaimTerms => {
  const now = request.now()
  const leaseExpiresAt = leaseEnd(now, renewedLease(settings, request), lastLeaseEnd(request))
  return {
    recordKey: request.recordKey,
    fingerprint: request.fingerprint,
    leaseExpiresAt,
    expiresAt: expiryInProgress(settings, now, leaseExpiresAt),
  }
}

/** The latest end of a lease of this invocation, however often it is renewed. */
export const lastLeaseEnd = ({ now, deadline, expectedEnd }: InvocationTimes): EpochMillis => {
  if (deadline !== undefined) return later(latest(now(), deadline), KILL_MARGIN)
  return expectedEnd === undefined ? later(now(), LONGEST_RUN) : later(latest(now(), expectedEnd), UNBOUNDED_LEASE)
}

/** The end of a lease that is taken or renewed at `now`. */
export const leaseEnd = (now: EpochMillis, renewed: Millis | undefined, last: EpochMillis): EpochMillis =>
  renewed === undefined ? last : earliest(later(now, renewed), last)

/**
 * The end of the time in which a claim in doubt may run; `undefined` if nothing bounds it. After it the downstream may
 * have forgotten the keys of this generation.
 */
export const windowEnd = ({ rerunWithin }: Settings, claim: Claim): EpochMillis | undefined =>
  rerunWithin === undefined || !isInDoubt(claim) ? undefined : later(claim.generationAt ?? claim.createdAt, rerunWithin)

/** A held record waits for a person's decision, however long: TTL must not make a lost payment look like a new one. */
export const expiryInProgress = (
  { abandoned, retention, rerunWithin }: Settings,
  claimedAt: EpochMillis,
  leaseExpiresAt: EpochMillis,
): EpochMillis | undefined =>
  abandoned !== 'rerun' || rerunWithin !== undefined
    ? undefined
    : latest(later(leaseExpiresAt, CRASHED_RETENTION), later(claimedAt, retention))
