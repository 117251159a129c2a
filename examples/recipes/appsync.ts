/**
 * A direct Lambda resolver of AppSync: `once` with a key from the arguments, such as
 * `pay(amount: Int!, idempotencyKey: ID!): Payment`. AppSync ends a request after 30 s, so a second call waits for the first.
 */
import type { AppSyncIdentityCognito, AppSyncResolverEvent, Context } from 'aws-lambda'
import { once } from 'lambda-once'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { charge, type Payment } from './payments.ts'

interface PayArguments {
  readonly amount: number
  readonly idempotencyKey: string
}

const payOnce = once({
  store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
  operation: 'pay',
  inProgress: { waitSeconds: 20 },
})

export const handler = async (event: AppSyncResolverEvent<PayArguments>, context: Context): Promise<Payment> => {
  const { idempotencyKey: key, ...payload } = event.arguments
  const { sub: tenant } = event.identity as AppSyncIdentityCognito
  const { value } = await payOnce({ key, tenant, payload, context }, (claim) =>
    charge(payload.amount, claim?.downstreamKey('charge')),
  )
  return value
}
