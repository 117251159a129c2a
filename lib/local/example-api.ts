import { fileURLToPath } from 'node:url'
import type { Route } from './gateway/routes.ts'

/** The routes of the example API, as they are deployed. */
export const ROUTES: readonly Route[] = [
  { routeKey: 'POST /payments', functionName: 'create-payment' },
  { routeKey: 'GET /payments', functionName: 'list-payments' },
  { routeKey: 'GET /payments/{id}', functionName: 'get-payment' },
  { routeKey: 'POST /payments/{id}/refunds', functionName: 'refund-payment' },
]

export const IDEMPOTENCY_TABLE = 'idempotency'
export const PAYMENTS_TABLE = 'payments'

/** DynamoDB Local takes any credentials; the SDK wants some. */
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const
export const REGION = 'us-east-1'

/** The SDK warns in every process that it will need Node 22; that is for the package's own documentation to say. */
export const QUIET_SDK = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'

/** Source file of each function, by its name. */
export const sourceFiles = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ROUTES.map(({ functionName }) => [
      functionName,
      fileURLToPath(new URL(`../../functions/${functionName}.ts`, import.meta.url)),
    ]),
  )

export const functionEnvironment = (databaseEndpoint: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL_DYNAMODB: databaseEndpoint,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  [QUIET_SDK]: 'true',
  IDEMPOTENCY_TABLE,
  PAYMENTS_TABLE,
})
