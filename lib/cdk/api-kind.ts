import type { IMetric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'

/** Settings that both kinds of API share. */
export interface ApiSettings {
  readonly name: string | undefined
  readonly corsOrigins: readonly string[] | undefined
  readonly corsHeaders: readonly string[] | undefined
  readonly throttlingRateLimit: number
  readonly throttlingBurstLimit: number
  readonly accessLogGroup: ILogGroup
}

/** An HTTP API or a REST API, as `IdempotentApi` uses it. */
export interface ApiKind {
  readonly kind: string
  /** After this time the gateway itself answers 503 or 504, while the function still runs. */
  readonly timeoutSeconds: number
  readonly url: string
  addRoute(route: Route, handler: IFunction): void
  metricServerErrors(props?: MetricOptions): IMetric
  metricClientErrors(props?: MetricOptions): IMetric
  metricLatency(props?: MetricOptions): IMetric
}

/**
 * The access log line of a request. It holds no header, no query and no path as sent, because those can hold
 * idempotency keys, tokens and customer ids.
 */
export const accessLogLine = (route: Readonly<Record<string, string>>): string =>
  JSON.stringify({
    requestId: '$context.requestId',
    time: '$context.requestTime',
    ...route,
    status: '$context.status',
    latencyMillis: '$context.responseLatency',
    integrationLatencyMillis: '$context.integrationLatency',
    functionStatus: '$context.integrationStatus',
    authorizerError: '$context.authorizer.error',
  })

/** The layer's headers. A browser sends and exposes them only if CORS lists them. */
const LAYER_REQUEST_HEADERS: readonly string[] = ['idempotency-key']
export const LAYER_RESPONSE_HEADERS: readonly string[] = [
  'idempotency-status',
  'idempotent-replayed',
  'link',
  'location',
  'retry-after',
]

/** Any JSON API with a token needs these. */
const USUAL_REQUEST_HEADERS = ['authorization', 'content-type']

export const allowedHeaders = (more: readonly string[] = []): string[] => [
  ...new Set([...USUAL_REQUEST_HEADERS, ...LAYER_REQUEST_HEADERS, ...more.map((name) => name.toLowerCase())]),
]

/** A route as API Gateway writes it: `POST /payments/{id}/refunds`. */
export interface Route {
  readonly method: string
  readonly path: string
}

const ROUTE = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY) (\/\S*)$/

export const readRoute = (route: string): Route => {
  const [, method, path] = ROUTE.exec(route) ?? []
  if (method !== undefined && path !== undefined) return { method, path }
  throw new Error(`route is "${route}"; it must be a method and a path, such as "POST /payments/{id}/refunds"`)
}
