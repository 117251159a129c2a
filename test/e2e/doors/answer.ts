import { randomUUID } from 'node:crypto'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { type IdempotentHandler, idempotent, type TimedContext } from 'lambda-once/http'

interface RestEvent {
  readonly requestContext?: { readonly resourceId?: string }
}

/** REST API takes several header lines of one name; the other kinds of event have no such member. */
const manyHeaders = ({ requestContext }: RestEvent): object =>
  requestContext?.resourceId === undefined ? {} : { multiValueHeaders: { 'x-many': ['one', 'two'] } }

/** Says of each run that it was another one. */
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
