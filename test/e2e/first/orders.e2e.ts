import { newMerchant, ordersOf } from '../call.ts'
import { eventually } from '../eventually.ts'
import { depth, type Order, sendOrders, takeDeadLetters } from '../queues.ts'
import { orderRecord } from '../records.ts'

/** Five receives, 12 s apart, plus a margin. */
const UNTIL_DEAD_SECONDS = 110

const merchantId = newMerchant()
const order = (orderId: string, sku = 'sku_1'): Order => ({ merchantId, orderId, sku, quantity: 2 })

/** The claim is the first write of a record, and the completion the second. No write may follow. */
const UNTOUCHED_SINCE = 2

beforeAll(async () => {
  // One batch, which is delivered repeatedly as a whole: each run of the slow order ends in a timeout.
  await sendOrders(
    order('first'),
    order('poison', 'sku_poison'),
    order('slow', 'sku_slow'),
    order('last'),
    order('last'),
    order('once', 'sku_error_once'),
  )
})

test('F2, F4, F7: the good orders run once, whatever happens to the others', async () => {
  const orderIds = async () => (await ordersOf(merchantId)).orders.map(({ orderId }) => orderId).sort()
  await eventually(orderIds, (ids) => ids.length >= 3, UNTIL_DEAD_SECONDS)
  expect(await orderIds()).toEqual(['first', 'last', 'once'])
  expect((await ordersOf(merchantId)).reserved).toEqual({ sku_1: 4, sku_error_once: 2 })
})

test('F10: the poison messages stop running and arrive in the dead-letter queue', async () => {
  const dead: Order[] = []
  await eventually(
    async () => {
      dead.push(...(await takeDeadLetters()))
      return dead.length
    },
    (count) => count >= 2,
    UNTIL_DEAD_SECONDS,
  )
  expect(dead.map(({ orderId }) => orderId).sort()).toEqual(['poison', 'slow'])
  for (const orderId of ['poison', 'slow']) {
    // Three runs in doubt, and the claim that found the limit reached.
    expect(await orderRecord(merchantId, orderId)).toMatchObject({ status: 'FAILED', attempt: 4, generation: 1 })
  }
})

test('F1, F7: the redelivered good messages did not run again', async () => {
  for (const orderId of ['first', 'last']) {
    const record = await orderRecord(merchantId, orderId)
    expect(record).toMatchObject({ status: 'SUCCEEDED', attempt: 1, revision: UNTOUCHED_SINCE })
  }
  expect(await orderRecord(merchantId, 'once')).toMatchObject({ status: 'SUCCEEDED', attempt: 2, generation: 1 })
})

test('F1: an order that its producer sends again is acknowledged and does not run', async () => {
  await sendOrders(order('first'), order('last'))
  await eventually(depth, (messages) => messages === 0, 30)
  expect((await ordersOf(merchantId)).orders).toHaveLength(3)
  expect(await orderRecord(merchantId, 'first')).toMatchObject({ attempt: 1, revision: UNTOUCHED_SINCE })
})
