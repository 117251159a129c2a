import { aboutClaim } from '../core/events.ts'
import { unstarted } from '../core/lifecycle/give-up.ts'
import type { HeldClaim } from '../core/lifecycle/held-claim.ts'
import { settle, settleAs } from '../core/lifecycle/settle.ts'
import { OUTCOME_KINDS } from '../core/outcome/outcome.ts'
import type { ClaimEnding } from '../core/outcome/outcome-policy.ts'
import { type Claim, runsInDoubt } from '../core/record/claim.ts'
import type { Deadline } from './deadline.ts'
import type { RunSettings } from './settings.ts'

/** `runsInDoubt` counts this claim too, so one more than `maxRuns` means that `maxRuns` runs ended in doubt. */
export const isPoison = (claim: Claim, maxRuns: number): boolean => runsInDoubt(claim) > maxRuns

/**
 * Ends a poison message without a run. Returns true if the message is in the dead-letter queue and may be acknowledged.
 * Otherwise the message is returned, and its source decides how long it is delivered.
 *
 * The send comes before the completion. After a crash between the two the message is redelivered and sent again; SQS
 * drops the second send, or the dead-letter queue has the message twice. In the other order such a crash would leave
 * a `FAILED` record and no message in the dead-letter queue. If the send fails, the claim is abandoned, so that the next
 * delivery tries again. It is abandoned too if a step is in doubt: `FAILED` would erase which one, and say that it was not
 * done.
 */
export const endPoison = async <TRecord>(
  { core, source, maxRuns }: RunSettings<TRecord>,
  record: TRecord,
  held: HeldClaim,
  deadline: Deadline,
): Promise<boolean | undefined> => {
  const { claim } = held
  core.emit(() => ({ type: 'poisoned', ...aboutClaim(claim), messageId: source.idOf(record) }))
  const isSent = await source.sendToDeadLetter(record, { reason: 'poison', record: claim.recordKey }, deadline)
  if (isSent === false || hasStepInDoubt(claim))
    await settleAs(core, held, () => ({ ...unstarted(core, claim), lastError: 'Poison' }))
  else await settle(core, held, poisonEnding(maxRuns))
  return isSent
}

/** A step that has started, must not run twice, and has kept no result. */
const hasStepInDoubt = ({ steps = new Map() }: Claim): boolean =>
  [...steps.values()].some(([, kind]) => kind === OUTCOME_KINDS.started)

const poisonEnding = (maxRuns: number): ClaimEnding => ({
  kind: 'complete',
  status: 'FAILED',
  outcome: { kind: 'error', error: { message: `Poison: not run again after ${maxRuns} runs that ended in doubt` } },
})
