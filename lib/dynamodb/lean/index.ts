/** A store that keeps records in a DynamoDB table, without the AWS SDK. */
export type { Store } from '../../core/record/store.ts'
export { plainItems } from '../plain-items.ts'
export type { Credentials } from './credentials.ts'
export { type LeanDynamoDbStoreOptions, leanDynamoDbStore } from './lean-store.ts'
