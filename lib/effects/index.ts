/** What a handler can do about an effect that a crash leaves in doubt. */
export { reconcile } from '../core/lifecycle/reconcile.ts'
export type { AbandonedClaim, AbandonedPolicy, Reconcile, Reconciled } from '../core/lifecycle/reconciliation.ts'
