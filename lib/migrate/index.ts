/** Moves an operation from another idempotency library to this one: its stored answers keep being replayed. */

export type { Predecessor } from '../core/lifecycle/reconciliation.ts'
export type { PowertoolsAttributes } from './powertools-item.ts'
export { powertoolsHash, powertoolsKey } from './powertools-key.ts'
export { type PowertoolsTableOptions, powertoolsTable } from './powertools-table.ts'
