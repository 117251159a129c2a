import { aFunction, checkOptions, integerBetween, type Rule } from '../../core/option-rules.ts'
import type { Store } from '../../core/record/store.ts'
import { systemRuntime } from '../../core/runtime.ts'
import { itemStore } from '../item-store.ts'
import { aTableName } from '../table-name.ts'
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

export interface LeanDynamoDbStoreOptions {
  /**
   * Name or ARN of a table with the partition key `pk` (String), no sort key, and TTL on `expiresAt`.
   * `undefined`, as from a missing environment variable, is refused.
   */
  readonly tableName: string | undefined
  /** Default: `AWS_REGION`, which Lambda sets. */
  readonly region?: string
  /**
   * A URL. Default: `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL`, else the Region's own. As with the SDK,
   * `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` count where they are
   * `true`. The last two choose among the Region's own endpoints, and are refused together with any other.
   */
  readonly endpoint?: string
  /**
   * Credentials, or a function that gives them, such as one of `@aws-sdk/credential-providers`. The function is called
   * again five minutes before their `expiration`. Each answer is checked. One without two non-empty strings, or with an
   * `expiration` that is no valid Date, makes the call `store-misconfigured`, and nothing is sent. Default: the
   * credentials of the Lambda environment, that is its variables or its container credentials endpoint. Profiles, SSO and
   * the EC2 metadata service are not used.
   */
  readonly credentials?: Credentials | (() => Promise<Credentials>)
  /** How far a host's clock may be from DynamoDB's, in seconds: 0 to 60, default 2. */
  readonly skewSeconds?: number
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
  return problem && `${problem}; or it must be a function that gives them`
}

/**
 * Records in a DynamoDB table, without the AWS SDK: less to load at a cold start, and less to do for each call. The
 * same table, records and guarantees as `dynamoDbStore`, whose client, time-outs and retries it copies; two functions
 * may use one table by both.
 *
 * Throws `OptionError` at once for options that cannot be right.
 */
export const leanDynamoDbStore = (options: LeanDynamoDbStoreOptions): Store => {
  checkOptions(WHERE, options, {
    tableName: { required: true, rule: aTableName },
    region: { rule: aText },
    endpoint: { rule: aUrl },
    credentials: { secret: true, rule: someCredentials },
    skewSeconds: { rule: integerBetween(0, 60) },
  })
  const { tableName, credentials, skewSeconds = 2 } = options
  const client = leanItemClient({
    endpoint: resolveEndpoint(WHERE, options, process.env),
    credentials: sourceOf(credentials),
  })
  return itemStore({ tableName: tableName as string, client, skewSeconds })
}

const sourceOf = (given: LeanDynamoDbStoreOptions['credentials']): CredentialsSource => {
  if (given === undefined) return environmentCredentials(process.env, systemRuntime.now)
  return typeof given === 'function' ? refreshingSource(given, systemRuntime.now) : () => checkCredentials(given)
}
