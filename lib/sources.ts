/**
 * Idempotency keys of event sources that deliver at least once, for `once`. Each takes the field that stays the same
 * over redelivery, and throws `IdempotencyError` `key-missing` where the event has none.
 */
export { asynchronousKey, type RequestContext } from './sources/asynchronous.ts'
export { type DynamoDbStreamRecord, dynamoDbStreamKey } from './sources/dynamodb-streams.ts'
export { type EventBridgeEvent, eventBridgeKey } from './sources/event-bridge.ts'
export { type KinesisRecord, kinesisKey } from './sources/kinesis.ts'
export { type S3Record, s3Key } from './sources/s3.ts'
export { type SchedulerInput, schedulerKey } from './sources/scheduler.ts'
export { type SnsRecord, snsKey } from './sources/sns.ts'
export { type StepFunctionsContext, stepFunctionsKey } from './sources/step-functions.ts'
