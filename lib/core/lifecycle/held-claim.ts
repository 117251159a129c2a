import { aboutClaim } from '../events.ts'
import type { Claim } from '../record/claim.ts'
import type { HandlerClaim } from '../record/handler-claim.ts'
import type { Settings } from '../settings.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { ClaimRequest } from './request.ts'

/** A won claim, with what its holder needs until the claim is settled. */
export interface HeldClaim {
  readonly claim: Claim
  readonly request: ClaimRequest
  readonly forHandler: HandlerClaim
  readonly heartbeat: Heartbeat
  /** Aborts when the claim is lost while the handler runs. */
  readonly lost: AbortController
}

/**
 * Leaves the claim in force until its lease ends, and no longer. Nothing is written: the outcome could not be stored,
 * or the handler may still be running, and its downstream calls need this claim's keys.
 */
export const leaveToLease = ({ emit }: Settings, { claim, heartbeat }: HeldClaim): { readonly kind: 'unstored' } => {
  heartbeat.endRenewals()
  emit(() => ({ type: 'unstored', ...aboutClaim(claim) }))
  return { kind: 'unstored' }
}
