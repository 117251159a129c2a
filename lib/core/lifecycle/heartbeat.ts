import type { Claim } from '../claim.ts'
import { storeFailed } from '../events.ts'
import type { Settings } from '../options.ts'
import { type EpochMillis, later, type Millis, millis } from '../time.ts'
import { expiryInProgress } from './lease.ts'

/** A third: two renewals may fail before the lease is in danger. */
const BEATS_PER_LEASE = 3

export interface Heartbeat {
  readonly stop: () => void
  /** The end of the lease as it was last renewed. */
  readonly leaseExpiresAt: () => EpochMillis
}

interface Beat {
  readonly span: Millis
  /** Whoever is still running then is about to be killed, or has been forgotten: its claim is not renewed any more. */
  readonly deadline: EpochMillis | undefined
  readonly lost: AbortController
}

/** The usual lease covers the whole invocation. */
export const noHeartbeat = ({ leaseExpiresAt }: Claim): Heartbeat => ({
  stop: () => {},
  leaseExpiresAt: () => leaseExpiresAt,
})

/**
 * Renews the claim's lease while its handler runs. `lost` aborts when the claim is gone, or when its lease ran out
 * without a renewal that arrived: another invocation may be running by then. What a renewal finds after the heartbeat
 * was stopped is no loss: the claim's own end is what it met.
 */
export const startHeartbeat = (settings: Settings, claim: Claim, { span, deadline, lost }: Beat): Heartbeat => {
  const { store, runtime, tell } = settings
  const every = millis(span / BEATS_PER_LEASE)
  let leaseExpiresAt: EpochMillis = claim.leaseExpiresAt
  let renewing = false
  let stopped = false

  const stopBeating = runtime.repeat(every, () => {
    if (deadline !== undefined && runtime.now() > deadline) endIfLapsed()
    else if (!renewing) void beat()
  })

  const stop = (): void => {
    stopped = true
    stopBeating()
  }

  const end = (): void => {
    if (stopped) return
    stop()
    lost.abort()
  }

  const endIfLapsed = (): void => {
    if (runtime.now() >= leaseExpiresAt) end()
  }

  const beat = async (): Promise<void> => {
    renewing = true
    const now = runtime.now()
    const to = later(now, span)
    const renewal = { leaseExpiresAt: to, expiresAt: expiryInProgress(settings, now, to) }
    try {
      const answer = await runtime.withDeadline(every, (by) => store.renew(claim, renewal, by))
      if (answer.kind === 'lost') return end()
      leaseExpiresAt = to
    } catch (error) {
      tell(() => storeFailed(claim.recordKey, 'renew', error))
    } finally {
      renewing = false
    }
    endIfLapsed()
  }

  return { stop, leaseExpiresAt: () => leaseExpiresAt }
}
