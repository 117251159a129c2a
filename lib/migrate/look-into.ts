import { StoreMisconfiguredError, StoreUnavailableError } from '../core/errors.ts'
import { storeFailed } from '../core/events.ts'
import { emitRefusal } from '../core/lifecycle/begin.ts'
import type { BeginResult, Decide } from '../core/lifecycle/begin-result.ts'
import { giveUp, unstarted } from '../core/lifecycle/give-up.ts'
import { type HeldClaim, hasLapsed } from '../core/lifecycle/held-claim.ts'
import type { Predecessor, Question } from '../core/lifecycle/reconciliation.ts'
import { settleAs, settlementOf } from '../core/lifecycle/settle.ts'
import { start } from '../core/lifecycle/start.ts'
import { storeAnswer } from '../core/lifecycle/store-answer.ts'
import { timeToAsk } from '../core/lifecycle/time-to-ask.ts'
import { unavailable } from '../core/outcome/outcome.ts'
import { type ClaimEnding, statusOf } from '../core/outcome/outcome-policy.ts'
import { recordOf } from '../core/record/claim.ts'
import type { InProgressRecord } from '../core/record/record.ts'
import type { Settlement } from '../core/record/store.ts'
import type { Settings } from '../core/settings.ts'
import { type EpochMillis, fromSeconds } from '../core/time.ts'
import type { OldVerdict } from './judge-old.ts'

/** Two attempts of the layer's own client, and a margin: as a claim's. */
const LOOK_BUDGET = fromSeconds(2)

/** The `lastError` of a record whose effect the old function has left in doubt. */
const LEFT_BY_PREDECESSOR = 'PredecessorInDoubt'

/** Reads the old record of a request with strong consistency, and judges it. */
export type Look<TSubject> = (
  subject: TSubject,
  terms: { readonly now: () => EpochMillis; readonly settings: Settings; readonly signal: AbortSignal },
) => Promise<OldVerdict>

/** One request that looks. */
interface Looking<TSubject> {
  readonly settings: Settings
  readonly held: HeldClaim
  /** The abandoned record that the claim has taken over, if there is one to ask about. */
  readonly seen: InProgressRecord | undefined
  readonly question: Question<TSubject>
  readonly ask: Decide | undefined
}

/**
 * The claim comes first, then the look: whatever the old function has written before the look is seen, and two requests of
 * the new function never look at once.
 */
export const lookInto = <TSubject>(look: Look<TSubject>): Predecessor<TSubject> =>
  Object.freeze({
    lookInto:
      (question: Question<TSubject>, ask: Decide | undefined): Decide =>
      async (settings, held, seen) => {
        const span = timeToAsk(held, LOOK_BUDGET)
        let verdict: OldVerdict
        try {
          if (span <= 0) throw new StoreUnavailableError('No time is left to look into the earlier table')
          verdict = await settings.runtime.withDeadline(span, (signal) =>
            look(question.subject, { now: held.request.now, settings, signal }),
          )
          if (hasLapsed(held)) throw new StoreUnavailableError('The lease ended before the earlier table answered')
        } catch (error) {
          return failed(settings, held, error)
        }
        return follow({ settings, held, seen, question, ask }, verdict)
      },
  })

/** Nothing runs that has not been looked up. */
const failed = async (settings: Settings, held: HeldClaim, error: unknown): Promise<BeginResult> => {
  held.heartbeat.stop()
  settings.emit(() => storeFailed(held.claim.recordKey, 'claim', error))
  await giveUp(settings, held.claim)
  if (error instanceof StoreMisconfiguredError) return { kind: 'misconfigured', error }
  if (error instanceof StoreUnavailableError) return { kind: 'unavailable', error }
  return { kind: 'unavailable', error: new StoreUnavailableError('The earlier table did not answer', { cause: error }) }
}

const follow = <TSubject>(looking: Looking<TSubject>, verdict: OldVerdict): BeginResult | Promise<BeginResult> => {
  switch (verdict.kind) {
    case 'absent':
      return run(looking)
    case 'replay':
      return replay(looking, verdict.answer)
    case 'mismatch':
    case 'conflict':
      return refuse(looking, verdict)
    case 'inDoubt':
      return leftInDoubt(looking)
  }
}

const run = <TSubject>({ settings, held, seen, ask }: Looking<TSubject>): BeginResult | Promise<BeginResult> =>
  ask === undefined ? start(settings, held) : ask(settings, held, seen)

/** From here on the new table has the answer. */
const replay = async <TSubject>(
  { settings, held, question }: Looking<TSubject>,
  answer: unknown,
): Promise<BeginResult> => {
  const stored = await storeAnswer(settings, held, settlementFor(settings, held, question, answer))
  return stored.kind === 'replay' ? emitRefusal(settings, held.request, stored) : stored
}

/** The effect is done. An answer that cannot be read must not make it run again. */
const settlementFor = <TSubject>(
  settings: Settings,
  held: HeldClaim,
  { endingOf }: Question<TSubject>,
  answer: unknown,
): Settlement => {
  let ending: ClaimEnding
  try {
    ending = endingOf(answer)
  } catch {
    ending = { kind: 'complete', status: statusOf({ statusCode: 200 }), outcome: unavailable('unreadable') }
  }
  return settlementOf(settings, held, ending)
}

/** Nothing ran under this claim, so a later request looks again. */
const refuse = async <TSubject>(
  { settings, held }: Looking<TSubject>,
  verdict: Extract<OldVerdict, { kind: 'mismatch' | 'conflict' }>,
): Promise<BeginResult> => {
  await settleAs(settings, held, () => unstarted(settings, held.claim))
  return emitRefusal(settings, held.request, verdict)
}

/** As an abandoned record of this layer: the option `abandoned` decides. */
const leftInDoubt = async <TSubject>(looking: Looking<TSubject>): Promise<BeginResult> => {
  const { settings, held, seen, ask } = looking
  // A person who has acted on the record has decided about the old run too, but not about a run since.
  const isDecided = seen === undefined && held.claim.audit !== undefined
  if (ask !== undefined && !isDecided) return ask(settings, held, seen ?? abandonedBy(held))
  if (settings.abandoned === 'rerun' || isDecided) return start(settings, held)
  await settleAs(settings, held, () => ({ kind: 'abandoned', lastError: LEFT_BY_PREDECESSOR }))
  return emitRefusal(settings, held.request, { kind: 'outcomeUnknown' })
}

const abandonedBy = ({ claim }: HeldClaim): InProgressRecord => ({
  ...recordOf(claim),
  leaseExpiresAt: undefined,
  lastError: LEFT_BY_PREDECESSOR,
})
