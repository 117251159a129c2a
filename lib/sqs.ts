/** SQS, standard and FIFO queues. */
export type { HandlerClaim } from './core/handler-claim.ts'
export {
  NotDoneError,
  type NotDoneErrorOptions,
  TerminalError,
  type TerminalErrorOptions,
} from './core/handler-errors.ts'
export type { TimedContext } from './core/lifecycle/request.ts'
export type { SnsEnvelope } from './sqs/envelope.ts'
export { type SqsBatchHandler, type SqsBatchResponse, sqsHandler } from './sqs/handler.ts'
export { type KeyChoice, skip } from './sqs/key.ts'
export type { SqsMessage } from './sqs/message.ts'
export type { SqsOptions } from './sqs/options.ts'
export { BodyInvalid, type Parse, type SchemaLike } from './sqs/parse.ts'
export type { SqsClient } from './sqs/queue.ts'
export type { SqsEvent, SqsMessageAttribute, SqsRecord, SqsSystemAttributes } from './sqs/record.ts'
export { type SnsInSqs, snsInSqs } from './sqs/sns.ts'
export { UnusableMessage } from './sqs/unusable.ts'
