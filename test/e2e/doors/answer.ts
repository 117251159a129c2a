import { randomUUID } from 'node:crypto'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { type IdempotentHandler, idempotent, type TimedContext } from 'lambda-once/http'

interface RestEvent {
  readonly requestContext?: { readonly resourceId?: string }
}

/** Only a REST API supports several header lines with one name. */
const manyHeaders = ({ requestContext }: RestEvent): object =>
  requestContext?.resourceId === undefined ? {} : { multiValueHeaders: { 'x-many': ['one', 'two'] } }

/** Gives each run a different answer. */
export const handler: IdempotentHandler<RestEvent, TimedContext, unknown> = idempotent(
  async (event: RestEvent, _context: TimedContext) => ({
    statusCode: 201,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ run: randomUUID() }),
    ...manyHeaders(event),
  }),
  {
    store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
    operation: 'doors',
    tenant: 'single-tenant',
  },
)
