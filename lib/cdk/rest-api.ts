import { Names } from 'aws-cdk-lib'
import {
  AccessLogFormat,
  EndpointType,
  type IAuthorizer,
  LambdaIntegration,
  LogGroupLogDestination,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway'
import type { Construct } from 'constructs'
import { type ApiKind, type ApiSettings, accessLogLine, allowedHeaders, LAYER_RESPONSE_HEADERS } from './api-kind.ts'

export interface RestApiKind extends ApiKind {
  readonly restApi: RestApi
}

export interface RestApiSettings extends ApiSettings {
  readonly stageName: string
  readonly cloudWatchRole: boolean
}

const LONGEST_NAME = 128

/** A REST API waits 29 s for its function, unless the account has a raised quota. */
const TIMEOUT_SECONDS = 29

export const createRestApi = (
  scope: Construct,
  settings: RestApiSettings,
  authorizer: IAuthorizer | undefined,
): RestApiKind => {
  const restApi = new RestApi(scope, 'RestApi', {
    endpointTypes: [EndpointType.REGIONAL],
    cloudWatchRole: settings.cloudWatchRole,
    // CloudWatch names the metrics of a REST API by `restApiName` alone: two APIs with one name would share them.
    restApiName: settings.name ?? Names.uniqueResourceName(scope, { maxLength: LONGEST_NAME, separator: '-' }),
    ...(authorizer === undefined ? {} : { defaultMethodOptions: { authorizer } }),
    ...(settings.corsOrigins === undefined
      ? {}
      : { defaultCorsPreflightOptions: corsOf(settings.corsOrigins, settings) }),
    deployOptions: {
      stageName: settings.stageName,
      throttlingRateLimit: settings.throttlingRateLimit,
      throttlingBurstLimit: settings.throttlingBurstLimit,
      accessLogDestination: new LogGroupLogDestination(settings.accessLogGroup),
      accessLogFormat: AccessLogFormat.custom(
        accessLogLine({ route: '$context.resourcePath', method: '$context.httpMethod' }),
      ),
    },
  })
  return {
    kind: 'A REST API',
    timeoutSeconds: TIMEOUT_SECONDS,
    url: restApi.url.replace(/\/$/, ''),
    restApi,
    addRoute: ({ method, path }, handler) => {
      restApi.root.resourceForPath(path).addMethod(method, new LambdaIntegration(handler, { allowTestInvoke: false }))
    },
    metricServerErrors: (props) => restApi.metricServerError({ statistic: 'Sum', ...props }),
    metricClientErrors: (props) => restApi.metricClientError({ statistic: 'Sum', ...props }),
    metricLatency: (props) => restApi.metricLatency({ statistic: 'p99', ...props }),
  }
}

const corsOf = (allowOrigins: readonly string[], { corsHeaders }: ApiSettings) => ({
  allowOrigins: [...allowOrigins],
  allowHeaders: allowedHeaders(corsHeaders),
  exposeHeaders: [...LAYER_RESPONSE_HEADERS],
})
