import { aboutClaim } from '../events.ts'
import type { Claim } from '../record/claim.ts'
import { type HandlerClaim, handlerClaim, OPEN } from '../record/handler-claim.ts'
import type { Settings } from '../settings.ts'
import type { Effects } from './effects.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { ClaimRequest } from './request.ts'
import type { OfTransaction } from './settle-result.ts'

/** A won claim, with what its holder needs until the claim is settled. */
export interface HeldClaim {
  readonly claim: Claim
  readonly request: ClaimRequest
  readonly forHandler: HandlerClaim
  readonly heartbeat: Heartbeat
  /** Aborts when the claim is lost while the handler runs. */
  readonly lost: AbortController
  readonly effects: Effects
}

type Parts = Pick<HeldClaim, 'claim' | 'request' | 'heartbeat' | 'lost'>

export const heldClaim = (settings: Settings, { claim, request, heartbeat, lost }: Parts): HeldClaim => {
  const forHandler = handlerClaim(claim, lost, () => ({ settings, held }))
  const held: HeldClaim = { claim, request, forHandler, heartbeat, lost, effects: {} }
  return held
}

/** What `lambda-once/effects` works with. */
export interface OpenClaim {
  readonly settings: Settings
  readonly held: HeldClaim
}

/** Opens the claim that a handler got, or a copy of it. Throws `TypeError` for anything else. */
export const openClaim = (claim: HandlerClaim, where: string): OpenClaim => {
  const open = (claim as { readonly [OPEN]?: () => unknown } | null)?.[OPEN]
  if (open === undefined) throw new TypeError(`${where}: claim must be the claim that the handler got, or undefined`)
  return open() as OpenClaim
}

/** Whether another invocation may run, because the lease or the handler has ended. */
export const hasLapsed = ({ request, heartbeat, lost, effects }: HeldClaim): boolean =>
  effects.hasEnded === true || lost.signal.aborted || request.now() >= heartbeat.leaseExpiresAt()

/** Another claimant has the record: the handler's signal aborts, and the lease is not renewed. */
export const lose = ({ heartbeat, lost }: HeldClaim): void => {
  heartbeat.endRenewals()
  lost.abort()
}

/**
 * Leaves the claim in force until its lease ends, and no longer. Nothing is written: the outcome could not be stored,
 * or the handler may still be running, and its downstream calls need this claim's keys. If the handler has committed a
 * transaction, its claim has ended.
 */
export const leaveToLease = (
  { emit }: Settings,
  { claim, heartbeat, effects }: HeldClaim,
): OfTransaction | { readonly kind: 'unstored' } => {
  const committed = effects.commits?.committed()
  if (committed !== undefined) return committed
  heartbeat.endRenewals()
  emit(() => ({ type: 'unstored', ...aboutClaim(claim) }))
  return effects.commits?.doubt() ?? { kind: 'unstored' }
}
