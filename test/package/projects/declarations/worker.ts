import { memoryStore } from 'lambda-once/memory'
import { snsInSqs, sqsHandler } from 'lambda-once/sqs'
export const store = memoryStore()
export const parse = snsInSqs
export const handler = sqsHandler(async () => {}, {
  store,
  operation: 'orders',
  tenant: 'single-tenant',
  key: 'messageId',
})
