import { storeFailed } from '../events.ts'
import { type Claim, isInDoubt } from '../record/claim.ts'
import type { Settlement } from '../record/store.ts'
import type { Settings } from '../settings.ts'
import { later } from '../time.ts'
import { GIVE_UP_BUDGET } from './budget.ts'

/**
 * Ends a claim whose handler did not start. If the write does not arrive, the claim ends with its lease. A claim that
 * took over an abandoned record is abandoned again: it cannot state that nothing was done.
 *
 * Returns true if the store reported another claimant's record.
 */
export const giveUp = async (settings: Settings, claim: Claim): Promise<boolean> => {
  const { store, runtime, emit } = settings
  const settlement = isInDoubt(claim) ? ABANDONED : released(settings)
  try {
    const answer = await runtime.withDeadline(GIVE_UP_BUDGET, (signal) => store.settle(claim, settlement, signal))
    return answer.kind === 'lost' && answer.record !== undefined
  } catch (error) {
    emit(() => storeFailed(claim.recordKey, 'settle', error))
    return false
  }
}

const ABANDONED: Settlement = { kind: 'abandoned' }

const released = ({ runtime, retention }: Settings): Settlement => {
  const now = runtime.now()
  return { kind: 'released', settledAt: now, expiresAt: later(now, retention) }
}
