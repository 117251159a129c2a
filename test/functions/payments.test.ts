import { randomUUID } from 'node:crypto'
import type { Answer } from '../../functions/payments/answer.ts'
import type { PaymentOf } from '../../functions/payments/pay.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { type Once, once } from '../../lib/index.ts'
import { createBusinessTable } from '../../local/business-table.ts'
import type { Charge } from '../../local/provider/ledger.ts'
import { type RunningProvider, startProvider } from '../../local/provider/start-provider.ts'
import { databaseEndpoint, freshTable, LAMBDA_ENVIRONMENT, testClient } from '../support/dynamodb.ts'

type Pay = typeof import('../../functions/payments/pay.ts').pay
type Reconcile = typeof import('../../functions/payments/reconcile-payment.ts').reconcilePayment
type Refund = typeof import('../../functions/payments/refund.ts').refund
type LookUp = typeof import('../../functions/payments/look-up.ts')

let provider: RunningProvider
let pay: Pay
let reconcilePayment: Reconcile
let refund: Refund
let refunds: Once
let lookUp: LookUp

/** As on Lambda, the functions read their environment when they are loaded. */
beforeAll(async () => {
  const PAYMENTS_TABLE = `payments-${randomUUID()}`
  await createBusinessTable(testClient(), PAYMENTS_TABLE)
  provider = await startProvider()
  Object.assign(process.env, {
    PAYMENTS_TABLE,
    PROVIDER_URL: provider.url,
    AWS_ENDPOINT_URL_DYNAMODB: databaseEndpoint(),
    ...LAMBDA_ENVIRONMENT,
  })
  pay = (await import('../../functions/payments/pay.ts')).pay
  reconcilePayment = (await import('../../functions/payments/reconcile-payment.ts')).reconcilePayment
  refund = (await import('../../functions/payments/refund.ts')).refund
  refunds = once({
    store: dynamoDbStore({ tableName: await freshTable(), client: testClient() }),
    operation: 'refunds',
  })
  lookUp = await import('../../functions/payments/look-up.ts')
})

afterAll(() => provider.stop())

const merchant = (): string => `m-${randomUUID()}`
const body = ({ body: text }: Answer): Record<string, unknown> => JSON.parse(text)
const orderOf = (source: string): string => JSON.stringify({ amount: 1000, currency: 'EUR', source })
const ORDER = orderOf('tok_ok')

const newPayment = (merchantId = merchant()): PaymentOf => ({
  merchantId,
  id: `pay_${randomUUID()}`,
  chargeKey: randomUUID(),
  run: 1,
})

const paid = async (merchantId: string): Promise<string> => {
  const payment = newPayment(merchantId)
  await pay(payment, ORDER)
  return payment.id
}

/** One request for a refund. */
const refundOnce = async (
  merchantId: string,
  paymentId: string,
  amount: number,
  key = randomUUID(),
): Promise<Answer> => {
  const id = `ref_${randomUUID()}`
  const { value } = await refunds({ key, tenant: merchantId, payload: amount }, (claim) =>
    refund({ merchantId, paymentId, id, claim }, JSON.stringify({ amount })),
  )
  return value
}

const paymentsOf = async ({ merchantId }: PaymentOf): Promise<unknown> =>
  body(await lookUp.allPayments(merchantId)).payments

/** What the provider has charged under the payment's key. */
const chargesOf = async ({ chargeKey }: PaymentOf): Promise<readonly Charge[]> => {
  const response = await fetch(`${provider.url}/charges?key=${chargeKey}`)
  return ((await response.json()) as { charges: readonly Charge[] }).charges
}

test('A payment that runs again with the same ids charges once and gives the same answer.', async () => {
  const payment = newPayment()
  const { merchantId, id } = payment
  const first = await pay(payment, ORDER)
  const charges = await chargesOf(payment)
  expect(charges).toEqual([expect.objectContaining({ id: body(first).charge, reference: merchantId, amount: 1000 })])
  await refundOnce(merchantId, id, 1)
  const again = await pay(payment, ORDER)
  expect({ ...body(again), status: 'succeeded' }).toEqual(body(first))
  expect(await chargesOf(payment)).toEqual(charges)
  expect(await paymentsOf(payment)).toEqual([expect.objectContaining({ id, status: 'partially_refunded' })])
})

test('If the connection is cut after the charge, the run throws, and the reconcile function ends the payment.', async () => {
  const payment = newPayment()
  await expect(pay(payment, orderOf('tok_cut_after'))).rejects.toThrow('fetch failed')
  expect(await paymentsOf(payment)).toEqual([])

  const decided = (await reconcilePayment(payment, orderOf('tok_cut_after'))) as { readonly done: Answer }
  const [charge, ...more] = await chargesOf(payment)
  expect(more).toEqual([])
  expect([decided.done.statusCode, body(decided.done)]).toEqual([201, expect.objectContaining({ charge: charge?.id })])
  expect(await paymentsOf(payment)).toEqual([body(decided.done)])
  expect(await pay(payment, orderOf('tok_cut_after'))).toEqual(decided.done)
})

test('If the connection is cut before the charge, the reconcile function asks for a run, which charges.', async () => {
  const payment = newPayment()
  await expect(pay(payment, orderOf('tok_cut_before'))).rejects.toThrow('fetch failed')
  expect(await reconcilePayment(payment, orderOf('tok_cut_before'))).toEqual({ rerun: true })
  expect((await pay(payment, orderOf('tok_cut_before'))).statusCode).toBe(201)
  expect(await chargesOf(payment)).toHaveLength(1)
})

test('A declined card is answered with 402, and the reconcile function knows that nothing was charged.', async () => {
  const payment = newPayment()
  const declined = await pay(payment, orderOf('tok_declined'))
  expect([declined.statusCode, body(declined)]).toEqual([
    402,
    { error: { field: 'source', value: 'tok_declined', rule: 'was declined; pay with another' } },
  ])
  expect(await reconcilePayment(payment, orderOf('tok_declined'))).toEqual({ notDone: true })
  expect(await paymentsOf(payment)).toEqual([])
})

test.each([
  ['tok_none', 400],
  ['tok_unavailable', 503],
])("The provider's reason not to charge %s is passed on with status %d.", async (source, status) => {
  const refused = await pay(newPayment(), orderOf(source))
  expect([refused.statusCode, body(refused).error]).toEqual([
    status,
    { field: 'source', value: source, rule: expect.stringMatching(/^(must|cannot) be /) },
  ])
})

test('An unexpected answer of the provider throws, since the charge may have been made.', async () => {
  const expected =
    'The payment provider answered 500: {"error":{"code":"error","rule":"tok_error: an unexpected error"}}'
  await expect(pay(newPayment(), orderOf('tok_error'))).rejects.toThrow(expected)
})

test('A provider that is still at work on the key throws too: the earlier request may charge.', async () => {
  const payment = newPayment()
  const [first, second] = await Promise.allSettled([
    pay(payment, orderOf('tok_slow')),
    pay(payment, orderOf('tok_slow')),
  ])
  const outcomes = [first, second].map((end) =>
    end.status === 'fulfilled' ? end.value.statusCode : String(end.reason.message).slice(0, 33),
  )
  expect(outcomes.sort()).toEqual([201, 'The payment provider answered 409'])
  expect(await chargesOf(payment)).toHaveLength(1)
})

test('A reconcile function that cannot reach the provider throws, which means that it is not known yet.', async () => {
  const payment = { ...newPayment(), signal: AbortSignal.abort(new Error('no time left')) }
  await expect(reconcilePayment(payment, ORDER)).rejects.toThrow('no time left')
})

test('A refund that is sent again takes nothing more, even if the rest of the payment would not suffice.', async () => {
  const merchantId = merchant()
  const paymentId = await paid(merchantId)
  const key = randomUUID()
  const first = await refundOnce(merchantId, paymentId, 600, key)
  const again = await refundOnce(merchantId, paymentId, 600, key)
  expect([again.statusCode, body(again)]).toEqual([201, body(first)])
  const rest = await refundOnce(merchantId, paymentId, 401)
  expect([rest.statusCode, body(rest).error]).toEqual([
    409,
    expect.objectContaining({ rule: expect.stringContaining('400') }),
  ])
})

test('However many refunds race, they never refund more than the payment.', async () => {
  const merchantId = merchant()
  const paymentId = await paid(merchantId)
  const answers = await Promise.all(Array.from({ length: 12 }, () => refundOnce(merchantId, paymentId, 300)))
  const statuses = answers.map(({ statusCode }) => statusCode).sort()
  expect(statuses).toEqual([...Array(3).fill(201), ...Array(9).fill(409)])
})

test('A merchant can neither read nor refund the payment of another merchant.', async () => {
  const paymentId = await paid(merchant())
  const other = merchant()
  expect((await lookUp.onePayment(other, paymentId)).statusCode).toBe(404)
  const refused = await refundOnce(other, paymentId, 1)
  expect([refused.statusCode, body(refused)]).toEqual([
    404,
    { error: { field: 'id', value: paymentId, rule: 'must be the id of a payment of this merchant' } },
  ])
})
