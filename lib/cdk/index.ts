/** CDK constructs: the table, functions, APIs and queues with numbers that fit the layer, and their alarms. */
export { AnswerBucket, type AnswerBucketProps } from './answer-bucket.ts'
export { FUNCTION_BUNDLING } from './function-bundling.ts'
export { IdempotencyAlarms, type IdempotencyAlarmsProps } from './idempotency-alarms.ts'
export {
  type GrantClaimsOptions,
  IdempotencyTable,
  type IdempotencyTableProps,
  type IIdempotencyTable,
} from './idempotency-table.ts'
export {
  IdempotentApi,
  type IdempotentApiProps,
  type IdempotentHttpApiProps,
  type IdempotentRestApiProps,
} from './idempotent-api.ts'
export { IdempotentFunction, type IdempotentFunctionProps } from './idempotent-function.ts'
export { IdempotentQueue, type IdempotentQueueProps } from './idempotent-queue.ts'
export { IdempotentStream, type IdempotentStreamProps, type StreamingTable } from './idempotent-stream.ts'
export type { LayerMetric } from './layer-metrics.ts'
