/**
 * A route of a WebSocket API, such as `pay`. The client sends `{ "action": "pay", "key": "…", "amount": 5 }`, and sends the
 * same text again after it has reconnected: so the key belongs to the user, not to the connection.
 */
import type { APIGatewayProxyResultV2, APIGatewayProxyWebsocketEventV2WithRequestContext, Context } from 'aws-lambda'
import { IdempotencyError, once } from 'lambda-once'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { charge } from './payments.ts'

interface Connected {
  /** What the authorizer of the route `$connect` answered. */
  readonly authorizer: { readonly principalId: string }
}

interface PayMessage {
  readonly key: string
  readonly amount: number
}

const payOnce = once({
  store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
  operation: 'pay-message',
  inProgress: { waitSeconds: 10 },
})

export const handler = async (
  { body, requestContext }: APIGatewayProxyWebsocketEventV2WithRequestContext<Connected>,
  context: Context,
): Promise<APIGatewayProxyResultV2> => {
  const { key, amount } = JSON.parse(body ?? '{}') as PayMessage
  const request = { key, tenant: requestContext.authorizer.principalId, payload: { amount }, context }
  try {
    const { value, status } = await payOnce(request, (claim) => charge(amount, claim?.downstreamKey('charge')))
    return { statusCode: 200, body: JSON.stringify({ key, status, payment: value }) }
  } catch (error) {
    if (!(error instanceof IdempotencyError)) throw error
    const { code, retryable, retryAfterSeconds } = error
    return { statusCode: 409, body: JSON.stringify({ key, code, retryable, retryAfterSeconds }) }
  }
}
