import { fileURLToPath } from 'node:url'
import type { Route } from './gateway/routes.ts'

/** The routes of the example API, as deployed. */
export const ROUTES: readonly Route[] = [
  { routeKey: 'POST /payments', functionName: 'create-payment' },
  { routeKey: 'GET /payments', functionName: 'list-payments' },
  { routeKey: 'GET /payments/{id}', functionName: 'get-payment' },
  { routeKey: 'POST /payments/{id}/refunds', functionName: 'refund-payment' },
  { routeKey: 'GET /orders', functionName: 'list-orders' },
]

/** The example's queue. Deployed, its visibility timeout is six times the function's timeout; here a person waits. */
export const ORDERS_QUEUE = {
  name: 'orders',
  workerName: 'process-orders',
  /** The operation of the worker's records. */
  operation: 'orders',
  visibilitySeconds: 5,
  /** As deployed: more than the three runs after which the worker treats a message as poison. */
  maxReceiveCount: 5,
} as const

/** The payment provider. A person who tries the example has to see within a minute that it is asked. */
export const PROVIDER = {
  /** The server of the API serves it below this path. */
  path: '/_local/provider',
  /** How long it remembers an idempotency key. */
  rememberSeconds: 90,
  /** `rerunWithinSeconds` of payments: less than the provider remembers, and the least that the option takes. */
  rerunWithinSeconds: 60,
} as const

export const IDEMPOTENCY_TABLE = 'idempotency'
export const PAYMENTS_TABLE = 'payments'
export const ORDERS_TABLE = 'orders'

/** DynamoDB Local accepts any credentials, but the SDK requires some. */
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const
export const REGION = 'us-east-1'

export const ORDERS_QUEUE_ARN: string = `arn:aws:sqs:${REGION}:123456789012:${ORDERS_QUEUE.name}`

/** Turns off the SDK's warning, in every process, that it will require Node 22. */
export const QUIET_SDK = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'

export const FUNCTION_NAMES: readonly string[] = [
  ...new Set(ROUTES.map(({ functionName }) => functionName)),
  ORDERS_QUEUE.workerName,
]

/** The source file of each function, by the function's name. */
export const sourceFiles = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    FUNCTION_NAMES.map((name) => [name, fileURLToPath(new URL(`../functions/${name}.ts`, import.meta.url))]),
  )

export interface Endpoints {
  readonly dynamoDb: string
  readonly sqs: string
  readonly provider: string
}

export const functionEnvironment = ({ dynamoDb, sqs, provider }: Endpoints): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL_DYNAMODB: dynamoDb,
  AWS_ENDPOINT_URL_SQS: sqs,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  [QUIET_SDK]: 'true',
  IDEMPOTENCY_TABLE,
  IDEMPOTENCY_RERUN_WITHIN_SECONDS: String(PROVIDER.rerunWithinSeconds),
  PROVIDER_URL: provider,
  PAYMENTS_TABLE,
  ORDERS_TABLE,
})
