import { App, Stack } from 'aws-cdk-lib'
import { IdempotencyTable, IdempotentFunction } from 'lambda-once/cdk'

const stack = new Stack(new App(), 'stack')
export const table = new IdempotencyTable(stack, 'Table')
export const worker = new IdempotentFunction(stack, 'Worker', { table, operation: 'orders', entry: 'worker.ts' })
