import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { idempotent } from 'lambda-once/http'
import { memoryStore } from 'lambda-once/memory'
import './entries.js'

export const handler = idempotent(
  async (event: APIGatewayProxyEventV2, _context, claim) => ({
    statusCode: 201,
    body: `${event.body}, attempt ${claim?.attempt}`,
  }),
  { store: memoryStore(), operation: 'payments', tenant: 'single-tenant' },
)
