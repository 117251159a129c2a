import { DescribeTableCommand, DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb'
import { GetQueueAttributesCommand, QueueDoesNotExist, SQSClient } from '@aws-sdk/client-sqs'
import { clientConfig } from './target.ts'

/** Checks that nothing of a destroyed stage is left. */
export const assertRemoved = async (
  outputs: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
): Promise<void> => {
  const table = new DynamoDBClient(clientConfig(env)).send(
    new DescribeTableCommand({ TableName: outputs.IdempotencyTableName }),
  )
  await refusedWith(table, ResourceNotFoundException, 'The table of records')
  const sqs = new SQSClient(clientConfig(env))
  for (const name of ['OrdersQueueUrl', 'OrdersDeadLetterQueueUrl']) {
    const queue = sqs.send(new GetQueueAttributesCommand({ QueueUrl: outputs[name], AttributeNames: ['QueueArn'] }))
    await refusedWith(queue, QueueDoesNotExist, name)
  }
}

const refusedWith = async (
  call: Promise<unknown>,
  expected: new (...args: never[]) => Error,
  what: string,
): Promise<void> => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof expected)) throw new Error(`${what} is still there after cdk destroy`, { cause: error })
}
