import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { cached } from 'lambda-once/cached'
import { leanDynamoDbStore } from 'lambda-once/dynamodb/lean'
import { idempotent } from 'lambda-once/http'

export const handler = idempotent(
  async (event: APIGatewayProxyEventV2) => ({ statusCode: 201, body: event.body ?? '' }),
  { store: cached(leanDynamoDbStore({ tableName: 'table' })), operation: 'payments', tenant: 'single-tenant' },
)
