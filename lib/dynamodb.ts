/** Records in DynamoDB. */
export type { Store } from './core/store.ts'
export { type DynamoDbStoreOptions, dynamoDbStore } from './stores/dynamodb/dynamodb-store.ts'
export type { ItemClient } from './stores/dynamodb/item-client.ts'
export type { SdkClient } from './stores/dynamodb/sdk-client.ts'
