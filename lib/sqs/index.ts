/** SQS, standard and FIFO queues. */

export type { SnsEnvelope } from '../batch/envelope.ts'
export { BodyInvalidError, UnusableMessageError } from '../batch/errors.ts'
export { skip } from '../batch/key.ts'
export type { SchemaLike } from '../batch/parse.ts'
export type { SqsClient } from '../batch/sender.ts'
export type { TimedContext } from '../core/lifecycle/request.ts'
export {
  NotDoneError,
  type NotDoneErrorOptions,
  TerminalError,
  type TerminalErrorOptions,
} from '../core/outcome/handler-errors.ts'
export type { HandlerClaim } from '../core/record/handler-claim.ts'
export { type SqsBatchHandler, type SqsBatchResponse, sqsHandler } from './handler.ts'
export type { KeyChoice } from './key.ts'
export type { Parse, SqsOptions } from './options.ts'
export type { SqsBatch, SqsEvent, SqsMessage, SqsMessageAttribute, SqsRecord, SqsSystemAttributes } from './record.ts'
export { type SnsInSqs, snsInSqs } from './sns.ts'
