/**
 * Idempotency keys of event sources that deliver at least once, for `once`. Each function returns the field that is the
 * same on each redelivery, and throws `IdempotencyError` `key-missing` if the event does not have it.
 */
export { asynchronousKey, type RequestContext } from './asynchronous.ts'
export { type DynamoDbStreamRecord, dynamoDbStreamKey } from './dynamodb-streams.ts'
export { type EventBridgeEvent, eventBridgeKey } from './event-bridge.ts'
export { type KafkaRecord, kafkaKey } from './kafka.ts'
export { type KinesisRecord, kinesisKey } from './kinesis.ts'
export { type S3Record, s3Key } from './s3.ts'
export { type SchedulerInput, schedulerKey } from './scheduler.ts'
export { type SnsRecord, snsKey } from './sns.ts'
export { type StepFunctionsContext, stepFunctionsKey } from './step-functions.ts'
