import { randomUUID } from 'node:crypto'
import type { APIGatewayRequestAuthorizerEventV2, Context } from 'aws-lambda'
import { handler as authorize } from '../../functions/authorize.ts'
import { parseOrder } from '../../functions/orders/order.ts'
import type { SqsBatchHandler } from '../../lib/sqs/index.ts'
import { createBusinessTable } from '../../local/business-table.ts'
import { createIdempotencyTable } from '../../local/tables.ts'
import { databaseEndpoint, LAMBDA_ENVIRONMENT, REGION, testClient } from '../support/dynamodb.ts'

let processOrders: SqsBatchHandler<Context>
let allOrders: typeof import('../../functions/orders/look-up.ts').allOrders

/** As on Lambda, the functions read their environment when they are loaded. */
beforeAll(async () => {
  const ORDERS_TABLE = `orders-${randomUUID()}`
  const IDEMPOTENCY_TABLE = `idempotency-${randomUUID()}`
  await createBusinessTable(testClient(), ORDERS_TABLE)
  await createIdempotencyTable(testClient(), IDEMPOTENCY_TABLE)
  Object.assign(process.env, {
    ORDERS_TABLE,
    IDEMPOTENCY_TABLE,
    AWS_ENDPOINT_URL_DYNAMODB: databaseEndpoint(),
    ...LAMBDA_ENVIRONMENT,
  })
  processOrders = (await import('../../functions/process-orders.ts')).handler
  allOrders = (await import('../../functions/orders/look-up.ts')).allOrders
})

/** The worker logs failures, which are expected here. */
const { error } = console
beforeAll(() => {
  console.error = () => {}
})
afterAll(() => {
  console.error = error
})

/** The numbers of the messages that are returned to the queue. */
const deliver = async (...bodies: readonly unknown[]): Promise<readonly number[]> => {
  const Records = bodies.map((body, index) => ({
    messageId: String(index),
    receiptHandle: 'r',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: { ApproximateReceiveCount: '1' },
    messageAttributes: {},
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:orders',
    awsRegion: REGION,
  }))
  const context = { getRemainingTimeInMillis: () => 30_000 } as Context
  const { batchItemFailures } = await processOrders({ Records } as Parameters<typeof processOrders>[0], context)
  return batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier))
}

const merchant = (): string => `m-${randomUUID()}`
const order = (merchantId: string, orderId: string, sku = 'sku_1') => ({ merchantId, orderId, sku, quantity: 2 })
const listed = async (merchantId: string) => JSON.parse((await allOrders(merchantId)).body)

test('An order that is sent three times becomes one order and one reservation.', async () => {
  const merchantId = merchant()
  const body = order(merchantId, 'o1')
  expect(await deliver(body, body, body)).toEqual([])
  expect(await deliver(body)).toEqual([])
  expect(await listed(merchantId)).toEqual({
    orders: [expect.objectContaining({ orderId: 'o1', sku: 'sku_1', quantity: 2 })],
    reserved: { sku_1: 2 },
  })
})

test('sku_error_once fails the first run of an order, and the second run reserves.', async () => {
  const merchantId = merchant()
  const body = order(merchantId, 'o1', 'sku_error_once')
  expect(await deliver(body)).toEqual([0])
  expect(await listed(merchantId)).toEqual({ orders: [], reserved: {} })
  expect(await deliver(body)).toEqual([])
  expect((await listed(merchantId)).reserved).toEqual({ sku_error_once: 2 })
})

test('sku_poison fails on every delivery, and the other messages of the batch do not.', async () => {
  const merchantId = merchant()
  for (let delivery = 0; delivery < 5; delivery++) {
    expect(await deliver(order(merchantId, 'o1'), order(merchantId, 'o2', 'sku_poison'))).toEqual([1])
  }
  expect((await listed(merchantId)).orders).toHaveLength(1)
})

test('Of a batch, only the message that is not an order fails.', async () => {
  const merchantId = merchant()
  expect(await deliver('not json', order(merchantId, 'o1'), { ...order(merchantId, 'o2'), quantity: 0 })).toEqual([
    0, 2,
  ])
  expect((await listed(merchantId)).orders).toHaveLength(1)
})

test('Two merchants may use the same order id.', async () => {
  const [a, b] = [merchant(), merchant()]
  expect(await deliver(order(a, 'o1'), order(b, 'o1'))).toEqual([])
  for (const merchantId of [a, b]) expect((await listed(merchantId)).orders).toHaveLength(1)
})

test.each([
  ['null', 'body must be a JSON object'],
  ['{"merchantId":"m"}', 'quantity must be an integer'],
  ['{"merchantId":"m","orderId":"","sku":"s","quantity":1}', 'orderId must be 1 to 100 characters'],
  ['{"merchantId":"m","orderId":"o","sku":"s\\u0000","quantity":1}', 'sku must be 1 to 100 characters'],
])('The order %s is refused.', (text, message) => {
  expect(() => parseOrder(text)).toThrow(message)
})

test.each([
  [{ 'x-merchant-id': 'm1' }, { isAuthorized: true, context: { merchantId: 'm1' } }],
  [{ 'x-merchant-id': 'm 1' }, { isAuthorized: false, context: { merchantId: 'm 1' } }],
  [{}, { isAuthorized: false, context: { merchantId: '' } }],
])('The placeholder authorizer takes the merchant from the header: %j', async (headers, answer) => {
  expect(await authorize({ headers } as unknown as APIGatewayRequestAuthorizerEventV2)).toEqual(answer)
})
