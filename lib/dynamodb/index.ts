/** Records in DynamoDB. */
export type { Store } from '../core/record/store.ts'
export type { ItemClient } from './item-client.ts'
export { type DynamoDbStoreOptions, dynamoDbStore } from './sdk/dynamodb-store.ts'
export type { SdkClient } from './sdk/sdk-client.ts'
