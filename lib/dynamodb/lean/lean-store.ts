import { DEFAULT_SKEW_SECONDS } from '../../core/limits.ts'
import { aFunction, checkOptions, type Rule } from '../../core/option-rules.ts'
import type { Store } from '../../core/record/store.ts'
import { systemRuntime } from '../../core/runtime.ts'
import { itemStore } from '../item-store.ts'
import { TABLE_RULES, type TableOptions } from '../table-options.ts'
import {
  type Credentials,
  type CredentialsSource,
  checkCredentials,
  credentialsProblem,
  refreshingSource,
} from './credentials.ts'
import { isHttpUrl, resolveEndpoint } from './endpoint.ts'
import { environmentCredentials } from './environment.ts'
import { leanItemClient } from './lean-client.ts'

export interface LeanDynamoDbStoreOptions extends TableOptions {
  /** @default the environment's `AWS_REGION`, which Lambda sets; otherwise `AWS_DEFAULT_REGION` */
  readonly region?: string
  /**
   * An http(s) URL without a path. As in the SDK, the environment's `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`,
   * `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` count if they are `true`. The last two select one of the
   * Region's own endpoints, so together with any other endpoint they throw `OptionError`.
   *
   * @default the environment's `AWS_ENDPOINT_URL_DYNAMODB`, otherwise `AWS_ENDPOINT_URL`, otherwise the Region's own
   */
  readonly endpoint?: string
  /**
   * Credentials, or a function that returns them, such as one from `@aws-sdk/credential-providers`. The store calls the
   * function again five minutes before their `expiration`, and checks each result. If it is not credentials (two
   * non-empty strings, and no `expiration` or a valid Date), the call throws `store-misconfigured` and sends nothing.
   *
   * @default the credentials of the Lambda environment: its variables, otherwise its container credentials endpoint.
   * Profiles, SSO and the EC2 metadata service are not used.
   */
  readonly credentials?: Credentials | (() => Promise<Credentials>)
}

const WHERE = 'leanDynamoDbStore(options)'

const aText: Rule = (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be a non-empty string')

const aUrl: Rule = (value) =>
  typeof value === 'string' && /^https?:\/\/[^\s/]+\/?$/.test(value) && isHttpUrl(value)
    ? undefined
    : 'must be an http(s) URL without a path'

const someCredentials: Rule = (value) => {
  if (aFunction(value) === undefined) return undefined
  const problem = credentialsProblem(value)
  return problem && `${problem}; or it must be a function that returns them`
}

/**
 * A store that keeps records in a DynamoDB table, without the AWS SDK: a cold start loads less, and each call does less. It
 * has the same table, records, guarantees, timeouts and retries as `dynamoDbStore`, so two functions may share a table and
 * use different stores.
 *
 * Throws `OptionError` at construction for an option that cannot be right. Its calls throw `store-unavailable` or
 * `store-misconfigured`.
 *
 * @example
 * const store = leanDynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE })
 */
export const leanDynamoDbStore = (options: LeanDynamoDbStoreOptions): Store => {
  checkOptions(WHERE, options, {
    ...TABLE_RULES,
    region: { rule: aText },
    endpoint: { rule: aUrl },
    credentials: { secret: true, rule: someCredentials },
  })
  const { tableName, credentials, keys, skewSeconds = DEFAULT_SKEW_SECONDS } = options
  const client = leanItemClient({
    endpoint: resolveEndpoint(WHERE, options, process.env),
    credentials: sourceOf(credentials),
  })
  return itemStore({ tableName: tableName as string, client, keys, skewSeconds })
}

const sourceOf = (given: LeanDynamoDbStoreOptions['credentials']): CredentialsSource => {
  if (given === undefined) return environmentCredentials(process.env, systemRuntime.now)
  return typeof given === 'function' ? refreshingSource(given, systemRuntime.now) : () => checkCredentials(given)
}
