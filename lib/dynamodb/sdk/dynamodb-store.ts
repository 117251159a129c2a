import { DEFAULT_SKEW_SECONDS } from '../../core/limits.ts'
import { checkOptions, isObject, type Rule } from '../../core/option-rules.ts'
import type { Store } from '../../core/record/store.ts'
import type { ItemClient } from '../item-client.ts'
import { itemStore } from '../item-store.ts'
import { TABLE_RULES, type TableOptions } from '../table-options.ts'
import { ownItemClient, type SdkClient, sdkItemClient } from './sdk-client.ts'

export interface DynamoDbStoreOptions extends TableOptions {
  /**
   * Your own `DynamoDBClient`, with your own timeouts and retries, or your own {@link ItemClient}.
   *
   * The store keeps the client's chain of middlewares until one is added or removed. As with the SDK's `cacheMiddleware`,
   * a middleware must read the data of one call from its `args`, not from its closure or `context`. An `ItemClient` is
   * called as it is.
   *
   * @default a client that sends each request at most twice, and waits at most 900 ms for each answer. The SDK's own
   * defaults wait without a limit.
   */
  readonly client?: SdkClient | ItemClient | undefined
}

const aClient: Rule = (value) =>
  isSdkClient(value) || isItemClient(value)
    ? undefined
    : 'must be a DynamoDBClient, or have putItem, updateItem and getItem'

/**
 * A store that keeps records in a DynamoDB table, through the AWS SDK v3. Throws `OptionError` at construction for an option
 * that cannot be right. Its calls throw `store-unavailable` or `store-misconfigured`.
 *
 * @example
 * const store = dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE })
 */
export const dynamoDbStore = (options: DynamoDbStoreOptions): Store => {
  checkOptions('dynamoDbStore(options)', options, {
    ...TABLE_RULES,
    client: { rule: aClient },
  })
  const { tableName, client, keys, skewSeconds = DEFAULT_SKEW_SECONDS } = options
  return itemStore({ tableName: tableName as string, client: itemClientOf(client), keys, skewSeconds })
}

const itemClientOf = (client: SdkClient | ItemClient | undefined): ItemClient => {
  if (client === undefined) return ownItemClient()
  return isSdkClient(client) ? sdkItemClient(client) : client
}

const isSdkClient = (value: unknown): value is SdkClient => has(value, 'send')
const isItemClient = (value: unknown): value is ItemClient =>
  ['putItem', 'updateItem', 'getItem'].every((name) => has(value, name))

const has = (value: unknown, name: string): boolean => isObject(value) && typeof value[name] === 'function'
