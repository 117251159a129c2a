/** CDK constructs: the table, functions, APIs and queues whose numbers fit the layer, and their alarms. */
export { FUNCTION_BUNDLING } from './constructs/function-bundling.ts'
export { IdempotencyAlarms, type IdempotencyAlarmsProps } from './constructs/idempotency-alarms.ts'
export {
  type GrantClaimsOptions,
  IdempotencyTable,
  type IdempotencyTableProps,
  type IIdempotencyTable,
} from './constructs/idempotency-table.ts'
export {
  IdempotentApi,
  type IdempotentApiProps,
  type IdempotentHttpApiProps,
  type IdempotentRestApiProps,
} from './constructs/idempotent-api.ts'
export { IdempotentFunction, type IdempotentFunctionProps } from './constructs/idempotent-function.ts'
export { IdempotentQueue, type IdempotentQueueProps } from './constructs/idempotent-queue.ts'
export type { LayerMetric } from './constructs/layer-metrics.ts'
