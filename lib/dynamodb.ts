/** Records in DynamoDB. */
export { type DynamoDbStoreOptions, dynamoDbStore } from './stores/dynamodb/dynamodb-store.ts'
export type { ItemClient } from './stores/dynamodb/item-client.ts'
export type { SdkClient } from './stores/dynamodb/sdk-client.ts'
