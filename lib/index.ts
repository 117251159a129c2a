/** The core without an event source: `once`, the errors, the store interface, the events. */

export {
  ERRORS,
  type ErrorCode,
  type ErrorFacts,
  IdempotencyError,
  StoreMisconfiguredError,
  StoreUnavailableError,
} from './core/errors.ts'
export { CHANNEL, type IdempotencyEvent, type Observer } from './core/events.ts'
export type { Fingerprint } from './core/identity/fingerprint.ts'
export { deriveRecordKey, type RecordKey, type RecordKeyParts } from './core/identity/record-key.ts'
export { type Once, type OnceOptions, type OnceRequest, type OnceResult, once } from './core/once.ts'
export { OptionError } from './core/option-rules.ts'
export type { CommonOptions } from './core/options.ts'
export {
  NotDoneError,
  type NotDoneErrorOptions,
  TerminalError,
  type TerminalErrorOptions,
} from './core/outcome/handler-errors.ts'
export type { OutcomeRoom } from './core/outcome/outcome.ts'
export type { Claim } from './core/record/claim.ts'
export type { HandlerClaim } from './core/record/handler-claim.ts'
export type { ClaimToken, InProgressRecord, ReleasedRecord, SettledRecord, StoredRecord } from './core/record/record.ts'
export type {
  Checkpoint,
  CheckpointAnswer,
  ClaimAnswer,
  Commit,
  CommitAnswer,
  DynamoDbForm,
  Lost,
  NextGeneration,
  NextGenerationAnswer,
  RefusalReason,
  RenewAnswer,
  Renewal,
  SettleAnswer,
  Settlement,
  Store,
  TakeOverAnswer,
  TransactItem,
} from './core/record/store.ts'
export type { Runtime } from './core/runtime.ts'
export { type EpochMillis, type EpochSeconds, epochMillis, type Millis, millis } from './core/time.ts'
