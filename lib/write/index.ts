/** One-shot writes: effects that are DynamoDB writes and nothing else. */

export type { RefusalReason, TransactItem } from '../core/record/store.ts'
export { idempotentWrite, type WriteOptions } from './http.ts'
export { type OnceWrite, type OnceWriteOptions, type OnceWriteResult, onceWrite } from './once.ts'
export type { Plan } from './plan.ts'
export { type SqsWriteOptions, sqsWriteHandler } from './sqs.ts'
