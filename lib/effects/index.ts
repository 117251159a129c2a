/** What a handler can do about an effect that a crash leaves in doubt. */

export { ClaimLostError, StepInDoubtError, StepNotStartedError, TransactionUnansweredError } from '../core/errors.ts'
export type { Step, StepDecision, StepOptions, Transacted } from '../core/lifecycle/effects.ts'
export { reconcile } from '../core/lifecycle/reconcile.ts'
export type { AbandonedClaim, AbandonedPolicy, Reconcile, Reconciled } from '../core/lifecycle/reconciliation.ts'
export { step } from '../core/lifecycle/step.ts'
export { transact } from '../core/lifecycle/transact.ts'
export type { RefusalReason, TransactItem } from '../core/record/store.ts'
