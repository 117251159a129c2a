import { dynamoDbStore } from 'lambda-once/dynamodb'
import { idempotent } from 'lambda-once/http'
export const store = dynamoDbStore({ tableName: 'table' })
export const handler = idempotent(
  async (event: { requestContext: { accountId: string } }) => ({
    statusCode: 201,
    body: event.requestContext.accountId,
  }),
  { store, operation: 'payments', tenant: (event) => event.requestContext.accountId },
)
