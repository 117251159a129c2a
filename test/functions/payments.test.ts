import { randomUUID } from 'node:crypto'
import type { Answer } from '../../functions/payments/answer.ts'
import { createBusinessTable } from '../../local/business-table.ts'
import { CREDENTIALS, databaseEndpoint, REGION, testClient } from '../support/dynamodb.ts'

type Pay = typeof import('../../functions/payments/pay.ts').pay
type Refund = typeof import('../../functions/payments/refund.ts').refund
type LookUp = typeof import('../../functions/payments/look-up.ts')

let pay: Pay
let refund: Refund
let lookUp: LookUp

/** As on Lambda, the functions read their environment when they are loaded. */
beforeAll(async () => {
  const PAYMENTS_TABLE = `payments-${randomUUID()}`
  await createBusinessTable(testClient(), PAYMENTS_TABLE)
  Object.assign(process.env, {
    PAYMENTS_TABLE,
    AWS_ENDPOINT_URL_DYNAMODB: databaseEndpoint(),
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  })
  pay = (await import('../../functions/payments/pay.ts')).pay
  refund = (await import('../../functions/payments/refund.ts')).refund
  lookUp = await import('../../functions/payments/look-up.ts')
})

const merchant = (): string => `m-${randomUUID()}`
const body = ({ body: text }: Answer): Record<string, unknown> => JSON.parse(text)
const ORDER = JSON.stringify({ amount: 1000, currency: 'EUR', source: 'tok_ok' })

const paid = async (merchantId: string): Promise<string> => {
  const id = `pay_${randomUUID()}`
  await pay(merchantId, id, ORDER)
  return id
}

test('A payment that runs again with the same id changes nothing and gives the same answer.', async () => {
  const merchantId = merchant()
  const id = `pay_${randomUUID()}`
  const first = await pay(merchantId, id, ORDER)
  await refund({ merchantId, paymentId: id, id: `ref_${randomUUID()}` }, '{"amount":1}')
  const again = await pay(merchantId, id, ORDER)
  expect({ ...body(again), status: 'succeeded' }).toEqual(body(first))
  expect(body(await lookUp.allPayments(merchantId)).payments).toEqual([
    expect.objectContaining({ id, status: 'partially_refunded' }),
  ])
})

test('A refund that runs again with the same id takes nothing more, even if the rest of the payment would not suffice.', async () => {
  const merchantId = merchant()
  const paymentId = await paid(merchantId)
  const id = `ref_${randomUUID()}`
  const first = await refund({ merchantId, paymentId, id }, '{"amount":600}')
  const again = await refund({ merchantId, paymentId, id }, '{"amount":600}')
  expect([again.statusCode, body(again)]).toEqual([201, body(first)])
  const rest = await refund({ merchantId, paymentId, id: `ref_${randomUUID()}` }, '{"amount":401}')
  expect([rest.statusCode, body(rest).error]).toEqual([
    409,
    expect.objectContaining({ rule: expect.stringContaining('400') }),
  ])
})

test('However many refunds race, they never refund more than the payment.', async () => {
  const merchantId = merchant()
  const paymentId = await paid(merchantId)
  const one = (): Promise<Answer> => refund({ merchantId, paymentId, id: `ref_${randomUUID()}` }, '{"amount":300}')
  const answers = await Promise.all(Array.from({ length: 12 }, one))
  const made = answers.filter(({ statusCode }) => statusCode === 201)
  expect(made.length).toBeGreaterThanOrEqual(1)
  expect(made.length).toBeLessThanOrEqual(3)
  expect(answers.filter(({ statusCode }) => statusCode === 409)).toHaveLength(12 - made.length)
})

test('A merchant can neither read nor refund the payment of another merchant.', async () => {
  const paymentId = await paid(merchant())
  const other = merchant()
  expect((await lookUp.onePayment(other, paymentId)).statusCode).toBe(404)
  const refused = await refund({ merchantId: other, paymentId, id: `ref_${randomUUID()}` }, '{"amount":1}')
  expect([refused.statusCode, body(refused)]).toEqual([
    404,
    { error: { field: 'id', value: paymentId, rule: 'must be the id of a payment of this merchant' } },
  ])
})
