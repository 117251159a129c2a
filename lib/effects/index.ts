/** What a handler can do about an effect that a crash leaves in doubt. */

export { ClaimLostError, StepInDoubtError, StepNotStartedError, TransactionUnansweredError } from '../core/errors.ts'
export type { Step, StepDecision, StepOptions, Transacted } from '../core/lifecycle/effects.ts'
export type { AbandonedClaim, AbandonedPolicy, Reconcile, Reconciled } from '../core/lifecycle/reconciliation.ts'
export type { RefusalReason, TransactItem } from '../core/record/store.ts'
export { reconcile } from './reconcile.ts'
export { step } from './step.ts'
export { transact } from './transact.ts'
