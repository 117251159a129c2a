import { aboutClaim } from '../core/events.ts'
import type { HeldClaim } from '../core/lifecycle/begin.ts'
import { settle } from '../core/lifecycle/settle.ts'
import type { ClaimEnding } from '../core/outcome/outcome-policy.ts'
import { type Claim, runsInDoubt } from '../core/record/claim.ts'
import type { SqsSettings } from './options.ts'
import type { TimeLeft } from './queue.ts'
import type { SqsRecord } from './record.ts'

/** The claim itself counts as a run: it is one too many when `maxRuns` ended in doubt before it. */
export const isPoison = (claim: Claim, maxRuns: number): boolean => runsInDoubt(claim) > maxRuns

/**
 * Ends a poison message without a run. `buried`: it is safe in the dead-letter queue and may be acknowledged;
 * `returned`: the queue's own redrive takes it there.
 *
 * The send comes before the completion. A crash between the two leaves the record in progress: the message is
 * redelivered, found poison again and sent again; the queue drops the second send, or holds it twice. The other way
 * round, a crash would leave a record that says FAILED, and a dead-letter queue that never got the message. Where the
 * send fails, the claim is abandoned, not completed, so that the next delivery tries it again.
 */
export const endPoison = async <TBody>(
  { core, queue, maxRuns }: SqsSettings<TBody>,
  record: SqsRecord,
  held: HeldClaim,
  left: TimeLeft,
): Promise<'buried' | 'returned'> => {
  core.emit(() => ({ type: 'poisoned', ...aboutClaim(held.claim), messageId: record.messageId }))
  const buried = await queue.bury(record, { reason: 'poison', record: held.claim.recordKey }, left)
  await settle(core, held, buried === false ? { kind: 'abandon', lastError: 'Poison' } : poisonEnding(maxRuns))
  return buried === true ? 'buried' : 'returned'
}

const poisonEnding = (maxRuns: number): ClaimEnding => ({
  kind: 'complete',
  status: 'FAILED',
  outcome: { kind: 'error', error: { message: `Poison: not run again after ${maxRuns} runs that ended in doubt` } },
})
