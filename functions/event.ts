import type { APIGatewayProxyEventV2WithLambdaAuthorizer } from 'aws-lambda'

/** An HTTP API event whose authorizer says which merchant is calling. */
export type ApiEvent = APIGatewayProxyEventV2WithLambdaAuthorizer<{ readonly merchantId: string }>

export const merchantOf = (event: ApiEvent): string => event.requestContext.authorizer.lambda.merchantId

export const bodyOf = ({ body, isBase64Encoded }: ApiEvent): string | undefined =>
  isBase64Encoded && body !== undefined ? Buffer.from(body, 'base64').toString('utf8') : body
