import type { Store } from '../../lib/core/record/store.ts'
import { type Millis, millis } from '../../lib/core/time.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { itemStore } from '../../lib/dynamodb/item-store.ts'
import { leanDynamoDbStore } from '../../lib/dynamodb/lean/index.ts'
import { leanItemClient } from '../../lib/dynamodb/lean/lean-client.ts'
import { CREDENTIALS, databaseEndpoint, REGION, testClient } from './dynamodb.ts'

export interface TestStoreOptions {
  readonly tableName: string
  /** Default: the database itself. */
  readonly endpoint?: string
  /** How long one attempt waits for its answer. Default: 900 ms. */
  readonly timeout?: Millis
}

/** A store with a client for tests, and a store with the default client, which reads the environment. */
interface TestStores {
  readonly testStore: (options: TestStoreOptions) => Store
  readonly ownStore: (tableName: string) => Store
}

const DEFAULT_TIMEOUT = millis(900)

const SDK: TestStores = {
  testStore: ({ tableName, endpoint = databaseEndpoint(), timeout = DEFAULT_TIMEOUT }) => {
    const connectionTimeout = Math.max(1_000, timeout)
    const requestHandler = { connectionTimeout, requestTimeout: timeout, throwOnRequestTimeout: true }
    return dynamoDbStore({ tableName, client: testClient({ endpoint, requestHandler }) })
  },
  ownStore: (tableName) => dynamoDbStore({ tableName }),
}

const LEAN: TestStores = {
  testStore: ({ tableName, endpoint = databaseEndpoint(), timeout = DEFAULT_TIMEOUT }) => {
    const { hostname, port, host } = new URL(endpoint)
    const client = leanItemClient({
      endpoint: { region: REGION, host, target: { protocol: 'http:', hostname, port, path: '/' } },
      credentials: () => CREDENTIALS,
      timeout,
    })
    return itemStore({ tableName, client, skewSeconds: 2 })
  },
  ownStore: (tableName) => leanDynamoDbStore({ tableName }),
}

export const storesOf = (client: 'SDK' | 'lean'): TestStores => (client === 'lean' ? LEAN : SDK)

let chosen = SDK

/** Makes the later stores of this test file work without the SDK, for a file that runs other test files again. */
export const useLeanStores = (): void => {
  chosen = LEAN
}

export const testStore = (options: TestStoreOptions): Store => chosen.testStore(options)
export const ownStore = (tableName: string): Store => chosen.ownStore(tableName)
