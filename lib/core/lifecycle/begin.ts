import { StoreMisconfiguredError, StoreUnavailableError } from '../errors.ts'
import { aboutClaim, aboutRecord, storeFailed } from '../events.ts'
import type { Claim } from '../record/claim.ts'
import { judge } from '../record/judge.ts'
import type { StoredRecord } from '../record/record.ts'
import { DeadlinePassed } from '../runtime.ts'
import type { Settings } from '../settings.ts'
import { between, type EpochMillis, later } from '../time.ts'
import type { BeginResult, Decide } from './begin-result.ts'
import { claimBudget } from './budget.ts'
import { type ContestResult, createContest } from './contest.ts'
import { giveUp } from './give-up.ts'
import { startHeartbeat } from './heartbeat.ts'
import { type HeldClaim, heldClaim } from './held-claim.ts'
import { judgeTerms } from './judge-terms.ts'
import { windowEnd } from './lease.ts'
import { peek } from './peek.ts'
import type { ClaimRequest } from './request.ts'
import { start } from './start.ts'

type Won = Extract<ContestResult, { kind: 'claimed' }>
type Refused = Exclude<ContestResult, Won>

/** Claims the record, or returns why it cannot. */
export const begin = async (settings: Settings, request: ClaimRequest, decide?: Decide): Promise<BeginResult> => {
  const { now, deadline } = request
  const startedAt = now()
  const seen = request.peekFirst === true ? await peekFirst(settings, request) : undefined
  const verdict = seen === undefined ? undefined : trustedVerdict(settings, request, seen)
  if (verdict !== undefined) return emitRefusal(settings, request, verdict)
  const contest = createContest(settings, request)
  const askedAt = now()
  let won: Won
  settings.runtime.probe?.('before-claim')
  try {
    const contested = await settings.runtime.withDeadline(claimBudget(startedAt, askedAt, deadline), contest.contend)
    settings.runtime.probe?.('after-claim')
    if (contested.kind !== 'claimed') return emitRefusal(settings, request, contested)
    if (now() >= contested.claim.leaseExpiresAt) return await leaseLapsed(settings, contested.claim)
    won = contested
  } catch (error) {
    settings.emit(() => storeFailed(request.recordKey, 'claim', error))
    // After a refusal too: an earlier send of the claim may have been applied before a permission was removed.
    await contest.giveUp()
    if (error instanceof StoreMisconfiguredError) return { kind: 'misconfigured', error }
    return unavailable(settings, asUnavailable(error), seen !== undefined || contest.hasContender())
  }
  const held = hold(settings, request, won, askedAt)
  return decide === undefined ? start(settings, held) : decide(settings, held, won.ask)
}

/** A call that did not end in its time counts as a store that is unavailable. */
const asUnavailable = (error: unknown): StoreUnavailableError => {
  if (error instanceof StoreUnavailableError) return error
  if (error instanceof DeadlinePassed) return new StoreUnavailableError(error.message, { cause: error })
  throw error
}

/**
 * A lease that ended before the store's answer arrived protects nothing, so the handler does not start. It does not run
 * unprotected either: the store answered, and another invocation may already be running.
 */
const leaseLapsed = async (settings: Settings, claim: Claim): Promise<BeginResult> => {
  const error = new StoreUnavailableError('The lease ended before the store answered the claim')
  settings.emit(() => storeFailed(claim.recordKey, 'claim', error))
  await giveUp(settings, claim)
  return { kind: 'unavailable', error }
}

const hold = (
  settings: Settings,
  request: ClaimRequest,
  { claim, reason, ask }: Won,
  askedAt: EpochMillis,
): HeldClaim => {
  const { emit } = settings
  emit(() => {
    const about = { claimMillis: between(askedAt, request.now()), ...aboutClaim(claim) }
    return reason === undefined ? { type: 'claimed', ...about } : { type: 'tookOver', ...about, reason }
  })
  const lost = new AbortController()
  const until = ask === undefined ? windowEnd(settings, claim) : undefined
  const heartbeat = startHeartbeat(settings, request, claim, { lost, until })
  return heldClaim(settings, { claim, request, heartbeat, lost })
}

/** A peek is trusted only if no later write can contradict it: the record is settled and not about to expire. */
export const trustedVerdict = (
  settings: Settings,
  request: ClaimRequest,
  record: StoredRecord,
): Refused | undefined => {
  if (record.status === 'IN_PROGRESS') return undefined
  const now = later(settings.runtime.now(), settings.store.skew)
  const verdict = judge(record, judgeTerms(settings, request, now))
  return verdict.kind === 'takeOver' ? undefined : verdict
}

export const peekFirst = async (settings: Settings, request: ClaimRequest): Promise<StoredRecord | undefined> => {
  try {
    return await peek(settings, request)
  } catch (error) {
    settings.emit(() => storeFailed(request.recordKey, 'peek', error))
    return undefined // the claim decides
  }
}

export const emitRefusal = ({ emit }: Settings, { recordKey }: ClaimRequest, verdict: Refused): BeginResult => {
  emit(() => {
    const about = aboutRecord(recordKey)
    switch (verdict.kind) {
      case 'replay':
        return { type: 'replayed', ...about }
      case 'conflict':
      case 'pending':
        return { type: 'conflicted', ...about, retryAfterSeconds: verdict.retryAfterSeconds }
      case 'mismatch':
        return { type: 'mismatched', ...about }
      case 'outcomeUnknown':
        return { type: 'outcomeUnknown', ...about }
    }
  })
  return verdict
}

/** Runs unprotected only if no other run of the key is known. Otherwise a second run would be certain, not a risk. */
const unavailable = (
  { storeDown, operation, emit }: Settings,
  error: StoreUnavailableError,
  hasContender: boolean,
): BeginResult => {
  if (storeDown === 'reject' || hasContender) return { kind: 'unavailable', error }
  emit(() => ({ type: 'skipped', operation, reason: 'store-down' }))
  return { kind: 'unprotected' }
}
