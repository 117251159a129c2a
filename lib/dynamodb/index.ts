/** A store that keeps records in a DynamoDB table, through the AWS SDK. */
export type { Store } from '../core/record/store.ts'
export type { ItemClient } from './item-client.ts'
export { plainItems } from './plain-items.ts'
export { type DynamoDbStoreOptions, dynamoDbStore } from './sdk/dynamodb-store.ts'
export type { SdkClient } from './sdk/sdk-client.ts'
