import type { APIGatewayProxyEventV2WithLambdaAuthorizer, Context } from 'aws-lambda'
import type { HttpResponse } from 'lambda-once/http'

/** An HTTP API event with the merchant that the authorizer found. */
export type ApiEvent = APIGatewayProxyEventV2WithLambdaAuthorizer<{ readonly merchantId: string }>

/** Two parameters, because nodejs24.x refuses handlers with three. */
export type ApiHandler = (event: ApiEvent, context: Context) => Promise<HttpResponse>

export const merchantOf = (event: ApiEvent): string => event.requestContext.authorizer.lambda.merchantId

export const bodyOf = ({ body, isBase64Encoded }: ApiEvent): string | undefined =>
  isBase64Encoded && body !== undefined ? Buffer.from(body, 'base64').toString('utf8') : body
