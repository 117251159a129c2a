import { fileURLToPath } from 'node:url'
import type { Route } from './gateway/routes.ts'

/** The routes of the example API, as they are deployed. */
export const ROUTES: readonly Route[] = [
  { routeKey: 'POST /payments', functionName: 'create-payment' },
  { routeKey: 'GET /payments', functionName: 'list-payments' },
  { routeKey: 'GET /payments/{id}', functionName: 'get-payment' },
  { routeKey: 'POST /payments/{id}/refunds', functionName: 'refund-payment' },
  { routeKey: 'GET /orders', functionName: 'list-orders' },
]

/** The queue of the example, with a visibility timeout for people who wait: deployed, it is six times the function's. */
export const ORDERS_QUEUE = {
  name: 'orders',
  workerName: 'process-orders',
  /** Of the worker's records. */
  operation: 'orders',
  visibilitySeconds: 5,
  /** As deployed: more than the three runs after which the worker calls a message poison. */
  maxReceiveCount: 5,
} as const

export const IDEMPOTENCY_TABLE = 'idempotency'
export const PAYMENTS_TABLE = 'payments'
export const ORDERS_TABLE = 'orders'

/** DynamoDB Local takes any credentials; the SDK wants some. */
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const
export const REGION = 'us-east-1'

export const ORDERS_QUEUE_ARN: string = `arn:aws:sqs:${REGION}:123456789012:${ORDERS_QUEUE.name}`

/** The SDK warns in every process that it will need Node 22; that is for the package's own documentation to say. */
export const QUIET_SDK = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'

export const FUNCTION_NAMES: readonly string[] = [
  ...new Set(ROUTES.map(({ functionName }) => functionName)),
  ORDERS_QUEUE.workerName,
]

/** Source file of each function, by its name. */
export const sourceFiles = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    FUNCTION_NAMES.map((name) => [name, fileURLToPath(new URL(`../functions/${name}.ts`, import.meta.url))]),
  )

export interface Endpoints {
  readonly dynamoDb: string
  readonly sqs: string
}

export const functionEnvironment = ({ dynamoDb, sqs }: Endpoints): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL_DYNAMODB: dynamoDb,
  AWS_ENDPOINT_URL_SQS: sqs,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  [QUIET_SDK]: 'true',
  IDEMPOTENCY_TABLE,
  PAYMENTS_TABLE,
  ORDERS_TABLE,
})
