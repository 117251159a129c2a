import { settledRecord } from '../record/settled-record.ts'
import type { Settlement } from '../record/store.ts'
import type { Settings } from '../settings.ts'
import type { BeginResult } from './begin-result.ts'
import type { HeldClaim } from './held-claim.ts'
import { settleAs } from './settle.ts'
import type { SettleResult } from './settle-result.ts'

/** Completes the claim with the answer of a run that was not its own, and gives that answer. */
export const storeAnswer = async (
  settings: Settings,
  held: HeldClaim,
  settlement: Settlement,
): Promise<BeginResult> => {
  const settled = await settleAs(settings, held, () => settlement)
  if (settled.kind === 'completed' && settlement.kind === 'completed')
    return { kind: 'replay', record: settledRecord(held.claim, settlement) }
  return notSettled(settled)
}

/** Nothing is answered that is not stored. */
export const notSettled = (settled: SettleResult): BeginResult =>
  settled.kind === 'replay' || settled.kind === 'conflict' ? settled : { kind: 'pending', retryAfterSeconds: 1 }
