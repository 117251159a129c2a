import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import {
  CorsHttpMethod,
  HttpApi,
  type HttpMethod,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import type { Construct } from 'constructs'
import { type ApiKind, type ApiSettings, accessLogLine, allowedHeaders, LAYER_RESPONSE_HEADERS } from './api-kind.ts'

export interface HttpApiKind extends ApiKind {
  readonly httpApi: HttpApi
}

/** An HTTP API waits 30 s for its function. This quota cannot be raised. */
const TIMEOUT_SECONDS = 30

export const createHttpApi = (
  scope: Construct,
  settings: ApiSettings,
  authorizer: IHttpRouteAuthorizer | undefined,
): HttpApiKind => {
  const httpApi = new HttpApi(scope, 'HttpApi', {
    createDefaultStage: false, // CDK's default stage has no throttling and no access log: see below
    ...(settings.name === undefined ? {} : { apiName: settings.name }),
    ...(authorizer === undefined ? {} : { defaultAuthorizer: authorizer }),
    ...(settings.corsOrigins === undefined ? {} : { corsPreflight: corsOf(settings.corsOrigins, settings) }),
  })
  const stage = new HttpStage(scope, 'HttpStage', {
    httpApi,
    stageName: '$default',
    autoDeploy: true,
    throttle: { rateLimit: settings.throttlingRateLimit, burstLimit: settings.throttlingBurstLimit },
    accessLogSettings: {
      destination: new LogGroupLogDestination(settings.accessLogGroup),
      format: AccessLogFormat.custom(accessLogLine({ route: '$context.routeKey' })),
    },
  })
  return {
    kind: 'An HTTP API',
    timeoutSeconds: TIMEOUT_SECONDS,
    url: httpApi.apiEndpoint,
    httpApi,
    addRoute: ({ method, path }, handler) => {
      const integration = new HttpLambdaIntegration(`${method} ${path}`, handler)
      httpApi.addRoutes({ path, methods: [method as HttpMethod], integration })
    },
    metricServerErrors: (props) => stage.metricServerError({ statistic: 'Sum', ...props }),
    metricClientErrors: (props) => stage.metricClientError({ statistic: 'Sum', ...props }),
    metricLatency: (props) => stage.metricLatency({ statistic: 'p99', ...props }),
  }
}

const corsOf = (allowOrigins: readonly string[], { corsHeaders }: ApiSettings) => ({
  allowOrigins: [...allowOrigins],
  allowMethods: [CorsHttpMethod.ANY],
  allowHeaders: allowedHeaders(corsHeaders),
  exposeHeaders: [...LAYER_RESPONSE_HEADERS],
})
