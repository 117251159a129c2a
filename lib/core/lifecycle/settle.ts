import { aboutClaim, storeFailed } from '../events.ts'
import type { ClaimEnding } from '../outcome/outcome-policy.ts'
import { type Claim, isInDoubt } from '../record/claim.ts'
import { retryAfterSeconds } from '../record/judge.ts'
import { isSettled, type StoredRecord } from '../record/record.ts'
import type { SettleAnswer, Settlement } from '../record/store.ts'
import type { Settings } from '../settings.ts'
import { later, millis } from '../time.ts'
import { hasTimeToSettle, SETTLE_BACKOFF, SETTLE_TRIES, settleBudget } from './budget.ts'
import { completionOf, emitCompleted } from './completion.ts'
import { type HeldClaim, leaveToLease } from './held-claim.ts'
import type { SettleResult } from './settle-result.ts'

/**
 * Ends the claim. Once the handler has started, no other function does. A handler has ended when its steps have ended:
 * if one still runs when the time runs out, the claim stays until its lease ends.
 */
export const settle = async (settings: Settings, held: HeldClaim, ending: ClaimEnding): Promise<SettleResult> => {
  const { effects } = held
  if (effects.steps !== undefined && !(await effects.steps.end())) return leaveToLease(settings, held)
  effects.hasEnded = true
  if (effects.commits !== undefined) return effects.commits.settle(ending)
  return settleAs(settings, held, () => settlementOf(settings, held, ending))
}

/** As {@link settle}, for a settlement that says more than an ending can. */
export const settleAs = async (
  settings: Settings,
  held: HeldClaim,
  settlement: () => Settlement,
): Promise<SettleResult> => {
  const { heartbeat } = held
  heartbeat.handlerEnded()
  try {
    return await settleRenewed(settings, held, settlement())
  } finally {
    heartbeat.stop()
  }
}

/**
 * The lease is renewed until the settlement is written, however slow the store is. An abandon removes the lease itself.
 */
const settleRenewed = async (settings: Settings, held: HeldClaim, settlement: Settlement): Promise<SettleResult> => {
  const { claim } = held
  const { runtime } = settings
  if (settlement.kind === 'abandoned') held.heartbeat.stop()
  runtime.probe?.('before-settle')
  const answer = await write(settings, held, settlement)
  runtime.probe?.('after-settle')
  if (answer === undefined) return leaveToLease(settings, held)
  if (answer.kind === 'lost') return onLost(settings, held, answer.record)
  emitSettled(settings, claim, settlement)
  return { kind: settlement.kind }
}

/**
 * A claim that took over an abandoned record cannot state that nothing was done: its release is an abandon. Neither can
 * the status of an answer after a step has run.
 */
export const settlementOf = (
  settings: Settings,
  { claim, effects: { steps } }: HeldClaim,
  ending: ClaimEnding,
): Settlement => {
  const settledAt = settings.runtime.now()
  if (ending.kind === 'complete') return completionOf(settings, claim, ending, settledAt)
  const error = ending.lastError === undefined ? {} : { lastError: ending.lastError }
  if (ending.kind === 'abandon' || isInDoubt(claim) || (ending.byStatus === true && steps?.hasRun() === true)) {
    const checkpoint = steps?.unsaved()
    return { kind: 'abandoned', ...error, ...(checkpoint === undefined ? {} : { checkpoint }) }
  }
  return { kind: 'released', ...error, settledAt, expiresAt: later(settledAt, settings.retention) }
}

/** The store's answer, or `undefined` if the settlement could not be written in the time that is left. */
const write = async (
  settings: Settings,
  held: HeldClaim,
  settlement: Settlement,
): Promise<SettleAnswer | undefined> => {
  const { store, runtime, emit } = settings
  const { now, deadline } = held.request
  for (let tried = 1; ; tried++) {
    try {
      return await runtime.withDeadline(settleBudget(now(), deadline), (signal) =>
        store.settle(held.claim, settlement, signal),
      )
    } catch (error) {
      // Any error: the effect is done, and a fault of the store must not lose the handler's answer.
      emit(() => storeFailed(held.claim.recordKey, 'settle', error))
    }
    const pause = millis(SETTLE_BACKOFF * tried * (0.5 + runtime.random()))
    if (tried === SETTLE_TRIES[settlement.kind] || !hasTimeToSettle(later(now(), pause), deadline)) return undefined
    await runtime.sleep(pause)
  }
}

export const onLost = (
  { store, runtime, emit }: Settings,
  { claim, effects }: HeldClaim,
  record: StoredRecord | undefined,
): SettleResult => {
  const isOwn = record?.claimToken === claim.claimToken && effects.commits !== undefined
  // The handler's own transaction, whose answer came too late, is no other owner.
  if (isOwn && isSettled(record)) return { kind: 'replay', record }
  emit(() => ({ type: 'lost', ...aboutClaim(claim), gone: record === undefined }))
  if (record === undefined) return { kind: 'unstored' }
  if (isSettled(record) && record.fingerprint === claim.fingerprint) return { kind: 'replay', record }
  const lease = record.status === 'IN_PROGRESS' ? record.leaseExpiresAt : undefined
  const wait = lease === undefined ? 1 : retryAfterSeconds(lease, { now: runtime.now(), skew: store.skew })
  return { kind: 'conflict', retryAfterSeconds: wait }
}

const emitSettled = (settings: Settings, claim: Claim, settlement: Settlement): void => {
  if (settlement.kind === 'completed') {
    emitCompleted(settings, claim, settlement)
    return
  }
  const { kind, lastError } = settlement
  settings.emit(() => ({ type: kind, ...aboutClaim(claim), ...(lastError === undefined ? {} : { lastError }) }))
}
