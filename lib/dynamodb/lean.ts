/** Records in DynamoDB, without the AWS SDK. */
export type { Store } from '../core/store.ts'
export type { Credentials } from '../stores/dynamodb/lean/credentials.ts'
export { type LeanDynamoDbStoreOptions, leanDynamoDbStore } from '../stores/dynamodb/lean/lean-store.ts'
