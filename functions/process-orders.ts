import type { Context } from 'aws-lambda'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { type HandlerClaim, type SqsBatchHandler, type SqsMessage, sqsHandler } from 'lambda-once/sqs'
import { effectId } from './effect-id.ts'
import { observe } from './observe.ts'
import { type Order, parseOrder } from './orders/order.ts'
import { reserve } from './orders/reserve.ts'

const processOrder = ({ body: order }: SqsMessage<Order>, claim: HandlerClaim | undefined): Promise<void> =>
  reserve(order, { id: `res_${effectId(claim, 'reservation')}`, run: claim?.attempt ?? 1 })

/** Processes each order once, however often SQS delivers its message or its producer sends it. */
export const handler: SqsBatchHandler<Context> = sqsHandler(processOrder, {
  store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
  operation: 'orders',
  tenant: ({ body }) => body.merchantId,
  key: ({ orderId }) => orderId,
  parse: parseOrder,
  visibility: 'move',
  observe,
})
