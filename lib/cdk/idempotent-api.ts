import { RemovalPolicy } from 'aws-cdk-lib'
import type { IAuthorizer, RestApi } from 'aws-cdk-lib/aws-apigateway'
import type { HttpApi, IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2'
import type { IMetric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { type ApiKind, type ApiSettings, readRoute } from './api-kind.ts'
import { createHttpApi, type HttpApiKind } from './http-api.ts'
import { seconds, timeoutOf, validateAtSynth } from './numbers.ts'
import { createRestApi, type RestApiKind } from './rest-api.ts'

interface IdempotentApiBaseProps {
  /**
   * The API's name. CloudWatch names the metrics of a REST API by it.
   * @default - a REST API: a name derived from the construct's path; an HTTP API: `HttpApi`
   */
  readonly apiName?: string
  /**
   * The function behind each route, such as `{ 'POST /payments': pay }`. `addRoute` adds more. The timeout of a
   * function must be at most 30 s for an HTTP API and 29 s for a REST API.
   * @default - no routes
   */
  readonly routes?: Readonly<Record<string, IFunction>>
  /**
   * Origins whose scripts may call the API, such as `['https://shop.example']`. The layer's headers are allowed and
   * exposed. On a REST API this only answers preflight requests: the functions must add the CORS headers to their
   * answers.
   * @default - no CORS
   */
  readonly corsOrigins?: string[]
  /**
   * Request headers that these scripts may send in addition to `authorization`, `content-type` and `idempotency-key`.
   * @default - none
   */
  readonly corsHeaders?: string[]
  /**
   * Average requests per second that each route accepts. The gateway answers 429 to more.
   * @default 1000
   */
  readonly throttlingRateLimit?: number
  /**
   * Requests that each route accepts in one burst.
   * @default 500
   */
  readonly throttlingBurstLimit?: number
  /**
   * Where the access log goes. The log holds no header, query or path as sent.
   * @default - a new log group, kept for three months
   */
  readonly accessLogGroup?: ILogGroup
}

export interface IdempotentHttpApiProps extends IdempotentApiBaseProps {
  /**
   * The kind of API: `'http'` (payload format 2.0) or `'rest'` (payload format 1.0).
   * @default 'http'
   */
  readonly type?: 'http'
  /**
   * The authorizer that identifies the tenant.
   * @default - anyone may call
   */
  readonly authorizer?: IHttpRouteAuthorizer
}

export interface IdempotentRestApiProps extends IdempotentApiBaseProps {
  /** Creates a REST API (payload format 1.0) instead of an HTTP API. */
  readonly type: 'rest'
  /**
   * The authorizer that identifies the tenant.
   * @default - anyone may call
   */
  readonly authorizer?: IAuthorizer
  /**
   * The stage: the first segment of the URL's path. It is not part of a record key.
   * @default 'prod'
   */
  readonly stageName?: string
  /**
   * Whether to create the role with which API Gateway writes logs. An account has one such role per Region: give
   * `false` if yours already has it.
   * @default true
   */
  readonly cloudWatchRole?: boolean
}

export type IdempotentApiProps = IdempotentHttpApiProps | IdempotentRestApiProps

/** An incident may be investigated this late. */
const ACCESS_LOG_RETENTION = RetentionDays.THREE_MONTHS

const DEFAULT_RATE = 1_000
const DEFAULT_BURST = 500

/**
 * An HTTP API or REST API with throttling and an access log. Synthesis fails if a function may run longer than the
 * gateway waits.
 *
 * ```ts
 * const api = new IdempotentApi(this, 'Api', { routes: { 'POST /payments': pay } })
 * ```
 */
export class IdempotentApi extends Construct {
  /** The URL of the API, without a trailing slash. */
  readonly url: string
  /** Where the access log goes. */
  readonly accessLogGroup: ILogGroup
  /** The HTTP API; `undefined` for a REST API. */
  readonly httpApi: HttpApi | undefined
  /** The REST API; `undefined` for an HTTP API. */
  readonly restApi: RestApi | undefined

  readonly #api: ApiKind

  constructor(scope: Construct, id: string, props: IdempotentApiProps = {}) {
    super(scope, id)
    this.accessLogGroup = props.accessLogGroup ?? newLogGroup(this)
    const api = createApi(this, props, this.accessLogGroup)
    this.httpApi = 'httpApi' in api ? api.httpApi : undefined
    this.restApi = 'restApi' in api ? api.restApi : undefined
    this.url = api.url
    this.#api = api
    for (const [route, handler] of Object.entries(props.routes ?? {})) this.addRoute(route, handler)
  }

  /**
   * Adds a route.
   *
   * @param route method and path, such as `POST /payments/{id}/refunds`
   * @throws Error if `route` is not a method and a path
   */
  addRoute(route: string, handler: IFunction): void {
    this.#api.addRoute(readRoute(route), handler)
    validateAtSynth(this, () => endsInTime(route, handler, this.#api))
  }

  /** Answers with status 500 or above. Statistic: sum. */
  metricServerErrors(props?: MetricOptions): IMetric {
    return this.#api.metricServerErrors(props)
  }

  /** Answers with status 400 to 499, including the layer's own problem responses. Statistic: sum. */
  metricClientErrors(props?: MetricOptions): IMetric {
    return this.#api.metricClientErrors(props)
  }

  /** How long callers wait, in milliseconds. Statistic: the 99th percentile, unless `props` gives another. */
  metricLatency(props?: MetricOptions): IMetric {
    return this.#api.metricLatency(props)
  }
}

const newLogGroup = (scope: Construct): LogGroup =>
  new LogGroup(scope, 'AccessLog', { retention: ACCESS_LOG_RETENTION, removalPolicy: RemovalPolicy.DESTROY })

const createApi = (
  scope: Construct,
  props: IdempotentApiProps,
  accessLogGroup: ILogGroup,
): HttpApiKind | RestApiKind => {
  const settings: ApiSettings = {
    name: props.apiName,
    corsOrigins: props.corsOrigins,
    corsHeaders: props.corsHeaders,
    throttlingRateLimit: props.throttlingRateLimit ?? DEFAULT_RATE,
    throttlingBurstLimit: props.throttlingBurstLimit ?? DEFAULT_BURST,
    accessLogGroup,
  }
  if (props.type !== 'rest') return createHttpApi(scope, settings, props.authorizer)
  const { stageName = 'prod', cloudWatchRole = true, authorizer } = props
  return createRestApi(scope, { ...settings, stageName, cloudWatchRole }, authorizer)
}

/** If the gateway gave up first, the caller would get its 503 or 504, and its retry would meet a running function. */
const endsInTime = (route: string, handler: IFunction, { kind, timeoutSeconds }: ApiKind): string | undefined => {
  const timeout = timeoutOf(handler)
  return timeout !== undefined && timeout.toSeconds() > timeoutSeconds
    ? `the function of "${route}" has a timeout of ${seconds(timeout)}, and ${kind} waits ${timeoutSeconds} s: ` +
        'the function must end before the gateway gives up'
    : undefined
}
