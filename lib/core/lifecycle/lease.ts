import type { ClaimTerms } from '../claim.ts'
import type { Settings } from '../options.ts'
import { type EpochMillis, fromSeconds, later, latest, type Millis } from '../time.ts'
import type { ClaimRequest } from './request.ts'

/** Lambda kills a function up to 0.7 s after its deadline, so a lease ends a whole second after it. */
const KILL_MARGIN = fromSeconds(1)

/** The lease of a host that does not say how long it runs, or runs on past its deadline; it is renewed. */
const UNBOUNDED_LEASE = fromSeconds(60)

/** A record whose owner crashed stays for a day past its lease, so that who looks into it finds it. */
const CRASHED_RETENTION = fromSeconds(86_400)

/** The span that a heartbeat renews, where there is one to renew. */
export const renewedLease = ({ lease }: Settings, { deadline }: ClaimRequest): Millis | undefined =>
  lease ?? (deadline === undefined ? UNBOUNDED_LEASE : undefined)

/** Lease and TTL, by the clock that the remaining time is counted with: a host's skew cancels between the two. */
export const claimTerms = (settings: Settings, request: ClaimRequest): ClaimTerms => {
  const now = settings.runtime.now()
  const leaseExpiresAt = leaseEnd(now, renewedLease(settings, request), request.deadline)
  return {
    recordKey: request.recordKey,
    fingerprint: request.fingerprint,
    leaseExpiresAt,
    expiresAt: expiryInProgress(settings, now, leaseExpiresAt),
  }
}

const leaseEnd = (now: EpochMillis, renewed: Millis | undefined, deadline: EpochMillis | undefined): EpochMillis =>
  renewed === undefined ? later(latest(now, deadline ?? now), KILL_MARGIN) : later(now, renewed)

/** A held record waits for its decision, however long: TTL must not make a lost payment look like a new one. */
export const expiryInProgress = (
  { abandoned, retention }: Settings,
  claimedAt: EpochMillis,
  leaseExpiresAt: EpochMillis,
): EpochMillis | undefined =>
  abandoned === 'hold' ? undefined : latest(later(leaseExpiresAt, CRASHED_RETENTION), later(claimedAt, retention))
