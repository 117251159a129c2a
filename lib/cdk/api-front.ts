import type { IMetric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { Route } from './route.ts'

/** What both kinds of API take. */
export interface FrontSettings {
  readonly name: string | undefined
  readonly corsOrigins: readonly string[] | undefined
  readonly corsHeaders: readonly string[] | undefined
  readonly throttlingRateLimit: number
  readonly throttlingBurstLimit: number
  readonly accessLogGroup: ILogGroup
}

/** One kind of API. */
export interface Front {
  readonly kind: string
  /** After that it answers 503 or 504 itself, while the function still runs. */
  readonly waitsSeconds: number
  readonly url: string
  addRoute(route: Route, handler: IFunction): void
  metricServerErrors(props?: MetricOptions): IMetric
  metricClientErrors(props?: MetricOptions): IMetric
  metricLatency(props?: MetricOptions): IMetric
}

/**
 * What an access log says of a request. No header, no query and no path as it was sent: keys, tokens and ids of
 * customers are in none of them.
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
