import { cached } from 'lambda-once/cached'
import { leanDynamoDbStore } from 'lambda-once/dynamodb/lean'
import { idempotency } from 'lambda-once/http'
export const store = cached(leanDynamoDbStore({ tableName: 'table' }))
export const middleware = idempotency<object>({ store, operation: 'payments', tenant: 'single-tenant' })
