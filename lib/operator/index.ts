/** What a person can do to a record, as functions: `npx lambda-once` is made of them. */

export type { OperatorAct } from '../core/events.ts'
export type { Override } from '../core/record/record.ts'
export type {
  ActOptions,
  ActRefused,
  ExtendOptions,
  ProposeOptions,
  ReleaseOptions,
  SettleOptions,
} from './acts.ts'
export { type AuditEntry, auditOf } from './audit.ts'
export type { DecideStepOptions, StepAnswer } from './decide-step.ts'
export type { ListedState, ListOptions, Page } from './list.ts'
export { type ActResult, type Operator, type OperatorOptions, tableOperator } from './operator.ts'
export type { OperatorAnswer } from './operator-answer.ts'
export type { OverrideRule } from './table-settings.ts'
export type { TableSize } from './table-size.ts'
