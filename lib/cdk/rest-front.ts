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
import { accessLogLine, type Front, type FrontSettings } from './api-front.ts'
import { allowedHeaders, LAYER_RESPONSE_HEADERS } from './cors.ts'

export interface RestFront extends Front {
  readonly restApi: RestApi
}

export interface RestFrontSettings extends FrontSettings {
  readonly stageName: string
  readonly cloudWatchRole: boolean
}

const LONGEST_NAME = 128

/** A REST API waits 29 s for its function, unless the account has a raised quota. */
const WAITS_SECONDS = 29

export const restFront = (
  scope: Construct,
  settings: RestFrontSettings,
  authorizer: IAuthorizer | undefined,
): RestFront => {
  const restApi = new RestApi(scope, 'RestApi', {
    endpointTypes: [EndpointType.REGIONAL],
    cloudWatchRole: settings.cloudWatchRole,
    // Its metrics go by its name alone: two of one name would share them, also in different stacks.
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
    waitsSeconds: WAITS_SECONDS,
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

const corsOf = (allowOrigins: readonly string[], { corsHeaders }: FrontSettings) => ({
  allowOrigins: [...allowOrigins],
  allowHeaders: allowedHeaders(corsHeaders),
  exposeHeaders: [...LAYER_RESPONSE_HEADERS],
})
