/** SQS, standard and FIFO queues. */

export type { TimedContext } from '../core/lifecycle/request.ts'
export {
  NotDoneError,
  type NotDoneErrorOptions,
  TerminalError,
  type TerminalErrorOptions,
} from '../core/outcome/handler-errors.ts'
export type { HandlerClaim } from '../core/record/handler-claim.ts'
export type { SnsEnvelope } from './envelope.ts'
export { BodyInvalidError, UnusableMessageError } from './errors.ts'
export { type SqsBatchHandler, type SqsBatchResponse, sqsHandler } from './handler.ts'
export { type KeyChoice, skip } from './key.ts'
export type { SqsOptions } from './options.ts'
export type { Parse, SchemaLike } from './parse.ts'
export type { SqsEvent, SqsMessage, SqsMessageAttribute, SqsRecord, SqsSystemAttributes } from './record.ts'
export type { SqsClient } from './sender.ts'
export { type SnsInSqs, snsInSqs } from './sns.ts'
