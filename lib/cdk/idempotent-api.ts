import { RemovalPolicy } from 'aws-cdk-lib'
import type { IAuthorizer, RestApi } from 'aws-cdk-lib/aws-apigateway'
import type { HttpApi, IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2'
import type { IMetric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { Front, FrontSettings } from './api-front.ts'
import { type HttpFront, httpFront } from './http-front.ts'
import { seconds, timeoutOf, validateAtSynth } from './numbers.ts'
import { type RestFront, restFront } from './rest-front.ts'
import { readRoute } from './route.ts'

interface IdempotentApiBaseProps {
  /**
   * The API's name. A REST API's metrics go by it.
   * @default - a REST API: of the construct's path; an HTTP API: `HttpApi`
   */
  readonly apiName?: string
  /**
   * The functions behind the routes, such as `{ 'POST /payments': pay }`; `addRoute` adds more.
   * @default - none yet
   */
  readonly routes?: Readonly<Record<string, IFunction>>
  /**
   * Origins whose scripts may call the API, such as `['https://shop.example']`. The layer's headers are allowed and
   * exposed. On a REST API this answers preflight requests only: the functions add the headers to their own answers.
   * @default - no CORS
   */
  readonly corsOrigins?: string[]
  /**
   * Request headers that those scripts may send, beside `authorization`, `content-type` and `idempotency-key`.
   * @default - none
   */
  readonly corsHeaders?: string[]
  /**
   * Requests a second that every route takes on average; more are answered with 429.
   * @default 1000
   */
  readonly throttlingRateLimit?: number
  /**
   * Requests that it takes at once.
   * @default 500
   */
  readonly throttlingBurstLimit?: number
  /**
   * Where the access log goes. It holds no header, query or path as sent.
   * @default - a new log group, kept for three months
   */
  readonly accessLogGroup?: ILogGroup
}

export interface IdempotentHttpApiProps extends IdempotentApiBaseProps {
  /**
   * HTTP API (payload 2.0) or REST API (payload 1.0).
   * @default 'http'
   */
  readonly type?: 'http'
  /**
   * Who says which tenant is calling.
   * @default - anyone may call
   */
  readonly authorizer?: IHttpRouteAuthorizer
}

export interface IdempotentRestApiProps extends IdempotentApiBaseProps {
  /** HTTP API (payload 2.0) or REST API (payload 1.0). */
  readonly type: 'rest'
  /**
   * Who says which tenant is calling.
   * @default - anyone may call
   */
  readonly authorizer?: IAuthorizer
  /**
   * The stage, which is the first segment of the URL's path. It is no part of a record's key.
   * @default 'prod'
   */
  readonly stageName?: string
  /**
   * Whether to make the role with which API Gateway writes logs. It is one for the account and Region: `false` where
   * the account has it.
   * @default true
   */
  readonly cloudWatchRole?: boolean
}

export type IdempotentApiProps = IdempotentHttpApiProps | IdempotentRestApiProps

/** As long as an incident may take to be looked into. */
const ACCESS_LOG_RETENTION = RetentionDays.THREE_MONTHS

const DEFAULT_RATE = 1_000
const DEFAULT_BURST = 500

/**
 * An API whose functions end before the gateway gives up on them.
 *
 * ```ts
 * const api = new IdempotentApi(this, 'Api', { routes: { 'POST /payments': pay } })
 * ```
 */
export class IdempotentApi extends Construct {
  /** Without a slash at its end. */
  readonly url: string
  /** Where the access log goes. */
  readonly accessLogGroup: ILogGroup
  /** The API where it is an HTTP API. */
  readonly httpApi: HttpApi | undefined
  /** The API where it is a REST API. */
  readonly restApi: RestApi | undefined

  readonly #front: Front

  constructor(scope: Construct, id: string, props: IdempotentApiProps = {}) {
    super(scope, id)
    this.accessLogGroup = props.accessLogGroup ?? newLogGroup(this)
    const front = frontOf(this, props, this.accessLogGroup)
    this.httpApi = 'httpApi' in front ? front.httpApi : undefined
    this.restApi = 'restApi' in front ? front.restApi : undefined
    this.url = front.url
    this.#front = front
    for (const [route, handler] of Object.entries(props.routes ?? {})) this.addRoute(route, handler)
  }

  /** `route`: method and path, such as `POST /payments/{id}/refunds`. */
  addRoute(route: string, handler: IFunction): void {
    this.#front.addRoute(readRoute(route), handler)
    validateAtSynth(this, () => endsInTime(route, handler, this.#front))
  }

  /** Answers of 500 and more. */
  metricServerErrors(props?: MetricOptions): IMetric {
    return this.#front.metricServerErrors(props)
  }

  /** Answers of 400 to 499; the layer's own problems among them. */
  metricClientErrors(props?: MetricOptions): IMetric {
    return this.#front.metricClientErrors(props)
  }

  /** How long callers wait; the 99th percentile unless another statistic is asked for. */
  metricLatency(props?: MetricOptions): IMetric {
    return this.#front.metricLatency(props)
  }
}

const newLogGroup = (scope: Construct): LogGroup =>
  new LogGroup(scope, 'AccessLog', { retention: ACCESS_LOG_RETENTION, removalPolicy: RemovalPolicy.DESTROY })

const frontOf = (scope: Construct, props: IdempotentApiProps, accessLogGroup: ILogGroup): HttpFront | RestFront => {
  const settings: FrontSettings = {
    name: props.apiName,
    corsOrigins: props.corsOrigins,
    corsHeaders: props.corsHeaders,
    throttlingRateLimit: props.throttlingRateLimit ?? DEFAULT_RATE,
    throttlingBurstLimit: props.throttlingBurstLimit ?? DEFAULT_BURST,
    accessLogGroup,
  }
  if (props.type !== 'rest') return httpFront(scope, settings, props.authorizer)
  const { stageName = 'prod', cloudWatchRole = true, authorizer } = props
  return restFront(scope, { ...settings, stageName, cloudWatchRole }, authorizer)
}

/** Otherwise the caller gets the gateway's own 503 or 504 while the function goes on, and its retry a conflict. */
const endsInTime = (route: string, handler: IFunction, { kind, waitsSeconds }: Front): string | undefined => {
  const timeout = timeoutOf(handler)
  return timeout !== undefined && timeout.toSeconds() > waitsSeconds
    ? `the function of "${route}" has a timeout of ${seconds(timeout)}, and ${kind} waits ${waitsSeconds} s: ` +
        'the function must end before the gateway gives up'
    : undefined
}
