/** Batches of Kinesis data streams, DynamoDB streams and Kafka. */

export { BodyInvalidError, UnusableMessageError } from '../batch/errors.ts'
export { type KeyAnswer, skip } from '../batch/key.ts'
export type { Parse, SchemaLike } from '../batch/parse.ts'
export type { MessageHandler } from '../batch/run-records.ts'
export type { SqsClient } from '../batch/sender.ts'
export type { TimedContext } from '../core/lifecycle/request.ts'
export {
  NotDoneError,
  type NotDoneErrorOptions,
  TerminalError,
  type TerminalErrorOptions,
} from '../core/outcome/handler-errors.ts'
export type { HandlerClaim } from '../core/record/handler-claim.ts'
export type { StreamBatchResponse } from './answer.ts'
export type { DeadLetter, DeadLetterChoice } from './dead-letter.ts'
export { type DynamoDbStreamHandler, type DynamoDbStreamOptions, dynamoDbStreamHandler } from './dynamodb.ts'
export type {
  DynamoDbStreamBatch,
  DynamoDbStreamEvent,
  DynamoDbStreamMessage,
  DynamoDbStreamRecord,
  Image,
  ImageValue,
} from './dynamodb-record.ts'
export { BatchFailedError } from './errors.ts'
export { type KafkaBatchResponse, type KafkaHandler, type KafkaOptions, kafkaHandler } from './kafka.ts'
export type { KafkaBatch, KafkaEvent, KafkaMessage, KafkaStreamRecord, PipedKafkaRecord } from './kafka-record.ts'
export { type KinesisHandler, type KinesisOptions, kinesisHandler } from './kinesis.ts'
export type {
  KinesisBatch,
  KinesisEvent,
  KinesisMessage,
  KinesisPayload,
  KinesisStreamRecord,
  PipedKinesisRecord,
} from './kinesis-record.ts'
export type { StreamOptions } from './options.ts'
