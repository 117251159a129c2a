import { newMerchant, ordersOf } from '../call.ts'
import { eventually } from '../eventually.ts'
import { depth, type Order, sendOrders, takeDeadLetters } from '../queues.ts'
import { orderRecord } from '../records.ts'

/** Five receives, 12 s apart, and what comes before and after. */
const UNTIL_DEAD_SECONDS = 110

const merchantId = newMerchant()
const order = (orderId: string, sku = 'sku_1'): Order => ({ merchantId, orderId, sku, quantity: 2 })

/** In progress is what it is while the worker runs: 1 write. Settled is the second, and no other ever follows. */
const UNTOUCHED_SINCE = 2

beforeAll(async () => {
  // One batch, delivered again and again as a whole: the slow order's run ends in a timeout each time.
  await sendOrders(
    order('first'),
    order('poison', 'sku_poison'),
    order('slow', 'sku_slow'),
    order('last'),
    order('last'),
    order('once', 'sku_error_once'),
  )
})

test('F2, F4, F7: the good orders are worked once, whatever happens beside them', async () => {
  const orderIds = async () => (await ordersOf(merchantId)).orders.map(({ orderId }) => orderId).sort()
  await eventually(orderIds, (ids) => ids.length >= 3, UNTIL_DEAD_SECONDS)
  expect(await orderIds()).toEqual(['first', 'last', 'once'])
  expect((await ordersOf(merchantId)).reserved).toEqual({ sku_1: 4, sku_error_once: 2 })
})

test('F10: the poison messages stop running, and come to the dead-letter queue', async () => {
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
    // Three runs in doubt, and the claim that found them to be enough.
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

test('F1: an order that its producer sends again is acknowledged and not run', async () => {
  await sendOrders(order('first'), order('last'))
  await eventually(depth, (messages) => messages === 0, 30)
  expect((await ordersOf(merchantId)).orders).toHaveLength(3)
  expect(await orderRecord(merchantId, 'first')).toMatchObject({ attempt: 1, revision: UNTOUCHED_SINCE })
})
