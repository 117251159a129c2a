import { aboutClaim } from '../events.ts'
import { encodeOutcome, type Outcome, outcomeIsReplayable, outcomeOf } from '../outcome/outcome.ts'
import type { Claim } from '../record/claim.ts'
import type { Completion } from '../record/store.ts'
import type { Settings } from '../settings.ts'
import { type EpochMillis, later } from '../time.ts'
import type { ClaimRequest, CommittedAnswer } from './request.ts'

/** How a claim is settled with this outcome, as the store writes it. */
export const completionOf = (
  { store, retention }: Settings,
  claim: Claim,
  { status, outcome }: { readonly status: Completion['status']; readonly outcome: Outcome },
  settledAt: EpochMillis,
): Completion => ({
  kind: 'completed',
  status,
  outcome: encodeOutcome(outcome, store.outcomeRoom(claim)),
  settledAt,
  expiresAt: later(settledAt, retention),
})

/** What an answer stores that a transaction of the handler or a one-shot write commits. */
export const committedAnswer = ({ completionOf }: ClaimRequest, answer: unknown): CommittedAnswer =>
  completionOf?.(answer) ?? { status: 'SUCCEEDED', outcome: outcomeOf(answer), value: answer }

export const emitCompleted = ({ emit }: Settings, claim: Claim, { status, outcome }: Completion): void =>
  emit(() => ({ type: 'completed', ...aboutClaim(claim), status, replayable: outcomeIsReplayable(outcome) }))
