/**
 * A Cognito trigger. Cognito waits 5 s for it, and calls it up to three times. `once` welcomes each user one time; a second
 * call waits for the first, so that the user does not see an error.
 */
import type { Context, PostConfirmationTriggerEvent } from 'aws-lambda'
import { once } from 'lambda-once'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { charge } from './payments.ts'

const onceForEachUser = once({
  store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
  operation: 'post-confirmation',
  inProgress: { waitSeconds: 4 },
})

export const handler = async (
  event: PostConfirmationTriggerEvent,
  context: Context,
): Promise<PostConfirmationTriggerEvent> => {
  const { triggerSource, userName: user, userPoolId: tenant } = event
  const request = { key: `${triggerSource}:${user}`, tenant, payload: { user }, context }
  await onceForEachUser(request, (claim) => charge(1, claim?.downstreamKey('welcome')))
  return event
}
