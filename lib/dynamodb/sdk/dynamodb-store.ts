import { checkOptions, integerBetween, type Rule } from '../../core/option-rules.ts'
import type { Store } from '../../core/record/store.ts'
import type { ItemClient } from '../item-client.ts'
import { itemStore } from '../item-store.ts'
import { aTableName } from '../table-name.ts'
import { ownItemClient, type SdkClient, sdkItemClient } from './sdk-client.ts'

export interface DynamoDbStoreOptions {
  /**
   * Name or ARN of a table with the partition key `pk` (String), no sort key, and TTL on `expiresAt`.
   * `undefined`, as from a missing environment variable, is refused.
   */
  readonly tableName: string | undefined
  /**
   * A client of your own, with your own time-outs and retries. Default: the layer's, which sends twice and waits
   * 900 ms for each answer; the SDK's defaults wait without bound. The client's chain of middlewares is kept until one is
   * added or removed. As with the SDK's `cacheMiddleware`, a middleware has to look for what belongs to one call in its
   * `args`, not in its closure or `context`. An `ItemClient` of your own is called as it is.
   */
  readonly client?: SdkClient | ItemClient | undefined
  /** How far a host's clock may be from DynamoDB's, in seconds: 0 to 60, default 2. */
  readonly skewSeconds?: number | undefined
}

const aClient: Rule = (value) =>
  isSdkClient(value) || isItemClient(value)
    ? undefined
    : 'must be a DynamoDBClient, or have putItem, updateItem and getItem'

/** Records in a DynamoDB table. Throws `OptionError` at once for options that cannot be right. */
export const dynamoDbStore = (options: DynamoDbStoreOptions): Store => {
  checkOptions('dynamoDbStore(options)', options, {
    tableName: { required: true, rule: aTableName },
    client: { rule: aClient },
    skewSeconds: { rule: integerBetween(0, 60) },
  })
  const { tableName, client, skewSeconds = 2 } = options
  return itemStore({ tableName: tableName as string, client: itemClientOf(client), skewSeconds })
}

const itemClientOf = (client: SdkClient | ItemClient | undefined): ItemClient => {
  if (client === undefined) return ownItemClient()
  return isSdkClient(client) ? sdkItemClient(client) : client
}

const isSdkClient = (value: unknown): value is SdkClient => has(value, 'send')
const isItemClient = (value: unknown): value is ItemClient =>
  ['putItem', 'updateItem', 'getItem'].every((name) => has(value, name))

const has = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function'
