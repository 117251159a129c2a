import { randomUUID } from 'node:crypto'
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { type Answer, type HttpEvent, pay } from '../workload/http.ts'
import { type Order, reserve } from '../workload/orders.ts'
import { chain } from './chain.ts'
import { inSlots } from './in-slots.ts'
import { CONCURRENCY, CREDENTIALS, type OpenSubject, REGION } from './subject.ts'

const DAY_SECONDS = 86_400

/**
 * Only the two SDK calls that any claim and completion need: no fingerprint, no lease, no check of the existing record,
 * no handling of faults.
 */
export const open: OpenSubject = ({ endpoint, tableName: TableName }) => {
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS })

  const once = async (pk: string, run: () => Promise<unknown>): Promise<string> => {
    const token = randomUUID()
    const expiresAt = { N: String(Math.ceil(Date.now() / 1_000) + DAY_SECONDS) }
    try {
      await client.send(
        new PutItemCommand({
          TableName,
          Item: { pk: { S: pk }, status: { S: 'IN_PROGRESS' }, claimToken: { S: token }, expiresAt },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      )
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error
      const outcome = error.Item?.outcome?.S
      return outcome ?? JSON.stringify({ statusCode: 409, body: '' })
    }
    const outcome = JSON.stringify((await run()) ?? null)
    await client.send(
      new UpdateItemCommand({
        TableName,
        Key: { pk: { S: pk } },
        UpdateExpression: 'SET #status = :succeeded, outcome = :outcome, expiresAt = :expiresAt',
        ConditionExpression: 'claimToken = :mine AND #status = :inProgress',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':succeeded': { S: 'SUCCEEDED' },
          ':outcome': { S: outcome },
          ':expiresAt': expiresAt,
          ':mine': { S: token },
          ':inProgress': { S: 'IN_PROGRESS' },
        },
      }),
    )
    return outcome
  }

  const payOnce = async (event: HttpEvent): Promise<Answer> =>
    JSON.parse(await once(String(event.headers['idempotency-key']), () => pay(event)))
  return {
    invoke: chain(payOnce),
    batch: async ({ Records }) => {
      await inSlots(Records, CONCURRENCY, ({ body }) => {
        const order = JSON.parse(body) as Order
        return once(order.orderId, () => reserve(order))
      })
      return { batchItemFailures: [] }
    },
  }
}
