import type { StoreMisconfiguredError, StoreUnavailableError } from '../errors.ts'
import type { InProgressRecord, SettledRecord } from '../record/record.ts'
import type { Settings } from '../settings.ts'
import type { HeldClaim } from './held-claim.ts'

/** What a request may do once the claim step is over. */
export type BeginResult =
  | { readonly kind: 'run'; readonly held: HeldClaim }
  /** The store is down, and `storeDown` says to run without a claim. */
  | { readonly kind: 'unprotected' }
  | { readonly kind: 'replay'; readonly record: SettledRecord }
  | { readonly kind: 'conflict'; readonly retryAfterSeconds: number }
  | { readonly kind: 'outcomeUnknown' }
  /** The reconcile function was asked and did not decide; a later retry asks it again. */
  | { readonly kind: 'pending'; readonly retryAfterSeconds: number }
  | { readonly kind: 'mismatch' }
  /** The store is down, or it is unknown whether the claim was written: nothing ran. */
  | { readonly kind: 'unavailable'; readonly error: StoreUnavailableError }
  /** The store refused for a reason that no retry can fix: nothing ran, whatever `storeDown` says. */
  | { readonly kind: 'misconfigured'; readonly error: StoreMisconfiguredError }

/**
 * Decides about a won claim before its handler starts. `seen` is the abandoned record that it has taken over, and about
 * which the reconcile function has to be asked.
 */
export type Decide = (settings: Settings, held: HeldClaim, seen: InProgressRecord | undefined) => Promise<BeginResult>
