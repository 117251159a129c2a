import { storeFailed } from '../events.ts'
import type { Claim } from '../record/claim.ts'
import type { Settings } from '../settings.ts'
import { between, type EpochMillis, earliest, millis } from '../time.ts'
import { expiryInProgress, lastLeaseEnd, leaseEnd, renewedLease } from './lease.ts'
import type { ClaimRequest } from './request.ts'

/** After each third of the lease: two renewals may fail before the lease is in danger. */
const BEATS_PER_LEASE = 3

/** The loop that renews the lease of one claim. */
export interface Heartbeat {
  /** The handler has ended, so its signal no longer aborts. The lease is still renewed. */
  readonly handlerEnded: () => void
  /** Ends the renewals. The handler may still run, and its signal aborts when the lease ends. */
  readonly endRenewals: () => void
  /** Renews nothing until `resume` is called. Resolves when no renewal is under way. */
  readonly pause: () => Promise<void>
  readonly resume: () => void
  /** Ends the renewals and the watch on the lease. */
  readonly stop: () => void
  /** The end of the lease, as last renewed. */
  readonly leaseExpiresAt: () => EpochMillis
}

/**
 * Renews the claim's lease until the heartbeat is stopped, if one lease does not cover the whole invocation. While the
 * handler runs, `lost` aborts when the claim is lost or its lease ends: another invocation may then be running. A lease
 * that has ended is still renewed, because the record may not have been taken over yet.
 */
export const startHeartbeat = (
  settings: Settings,
  request: ClaimRequest,
  claim: Claim,
  { lost, until }: { readonly lost: AbortController; readonly until: EpochMillis | undefined },
): Heartbeat => {
  const { store, runtime, emit } = settings
  const { now } = request
  const span = renewedLease(settings, request)
  const every = millis((span ?? 0) / BEATS_PER_LEASE)
  const possible = span === undefined ? claim.leaseExpiresAt : lastLeaseEnd(request)
  const last = until === undefined ? possible : earliest(possible, until)
  let { leaseExpiresAt } = claim
  let renewing: Promise<void> | undefined
  let isPaused = false
  let isRunning = true
  let stopWatching = (): void => {}

  const handlerEnded = (): void => {
    isRunning = false
    stopWatching()
  }

  const lose = (): void => {
    if (!isRunning) return
    handlerEnded()
    lost.abort()
  }

  /** When the timer fires, the lease may have been renewed. */
  const watch = (): void => {
    stopWatching = runtime.repeat(between(now(), leaseExpiresAt), () => {
      stopWatching()
      if (now() < leaseExpiresAt) watch()
      else lose()
    })
  }

  const beat = (): void => {
    if (request.isDropped?.() === true) {
      endRenewals()
      return
    }
    const at = now()
    if (at >= leaseExpiresAt) lose()
    if (at >= last) endRenewals() // a handler that never ends would keep the timer, and all that it holds
    const to = leaseEnd(at, span, last)
    if (renewing === undefined && !isPaused && to > leaseExpiresAt) renewing = renew(at, to)
  }

  const renew = async (at: EpochMillis, to: EpochMillis): Promise<void> => {
    const renewal = { leaseExpiresAt: to, expiresAt: expiryInProgress(settings, at, to) }
    try {
      const answer = await runtime.withDeadline(every, (signal) => store.renew(claim, renewal, signal))
      if (answer.kind === 'renewed') leaseExpiresAt = to
      else {
        endRenewals()
        lose()
      }
    } catch (error) {
      emit(() => storeFailed(claim.recordKey, 'renew', error))
    } finally {
      renewing = undefined
    }
  }

  const endRenewals = leaseExpiresAt < last ? runtime.repeat(every, beat) : stopWatching
  watch()

  const stop = (): void => {
    handlerEnded()
    endRenewals()
  }

  const pause = async (): Promise<void> => {
    isPaused = true
    await renewing
  }
  const resume = (): void => {
    isPaused = false
  }
  return { handlerEnded, endRenewals, pause, resume, stop, leaseExpiresAt: () => leaseExpiresAt }
}
