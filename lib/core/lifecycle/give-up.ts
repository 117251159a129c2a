import { storeFailed } from '../events.ts'
import { type Claim, isInDoubt } from '../record/claim.ts'
import type { Deferral, Settlement } from '../record/store.ts'
import type { Settings } from '../settings.ts'
import { later } from '../time.ts'
import { GIVE_UP_BUDGET } from './budget.ts'

/**
 * Ends a claim whose handler did not start. If the write does not arrive, the claim ends with its lease.
 *
 * Returns true if the store reported another claimant's record.
 */
export const giveUp = async (settings: Settings, claim: Claim): Promise<boolean> => {
  const { store, runtime, emit } = settings
  const settlement = unstarted(settings, claim)
  try {
    const answer = await runtime.withDeadline(GIVE_UP_BUDGET, (signal) => store.settle(claim, settlement, signal))
    return answer.kind === 'lost' && answer.record !== undefined
  } catch (error) {
    emit(() => storeFailed(claim.recordKey, 'settle', error))
    return false
  }
}

/**
 * How a claim ends whose handler did not start. A claim that took over an abandoned record is abandoned again: it cannot
 * state that nothing was done. It counts as a question, because it was no run.
 */
export const unstarted = (
  { runtime, retention }: Settings,
  claim: Claim,
): Exclude<Settlement, { readonly kind: 'completed' }> => {
  if (isInDoubt(claim)) return { kind: 'abandoned', deferred: deferred(claim) }
  const now = runtime.now()
  return { kind: 'released', settledAt: now, expiresAt: later(now, retention) }
}

/** One more claim of this generation under which nothing ran. */
export const deferred = ({ reconciles = 0 }: Claim): Deferral => ({ reconciles: reconciles + 1 })
