import middy from '@middy/core'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { idempotency } from 'lambda-once/http'

export const handler = middy<APIGatewayProxyEventV2>()
  .use(
    idempotency<APIGatewayProxyEventV2>({
      store: dynamoDbStore({ tableName: 'table' }),
      operation: 'payments',
      tenant: 'single-tenant',
    }),
  )
  .handler(async (event) => ({ statusCode: 201, body: event.body }))
