import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf, newMerchant, ordersOf, pay, payment, paymentsOf, standing } from '../call.ts'
import { eventually } from '../eventually.ts'
import { readNotes } from '../notes.ts'
import { depth, sendOrders } from '../queues.ts'
import { orderRecord } from '../records.ts'

test('the new functions replay an answer from before the deployment, byte for byte', async () => {
  const { merchantId, key, text } = readNotes().replayed
  const retry = await pay(merchantId, key)
  expect([standing(retry), retry.text]).toEqual(['replayed', text])
  expect(codeOf(await pay(merchantId, key, payment('tok_ok', 2_000)))).toBe('key-reused')
})

test('C8, C12: if a function was killed at its timeout, the retry makes its payment once', async () => {
  const { merchantId, key } = readNotes().timedOut
  const retry = await pay(merchantId, key, payment('tok_slow'))
  expect([retry.status, standing(retry)]).toEqual([201, 'created'])
  expect(await paymentsOf(merchantId)).toHaveLength(1)
})

test('F5: a message whose order is in progress elsewhere returns when that lease ends, not after the visibility timeout', async () => {
  const order = { merchantId: newMerchant(), orderId: 'o1', sku: 'sku_slow', quantity: 1 }
  await sendOrders(order)
  await sleep(1_000)
  await sendOrders(order)
  await eventually(depth, (messages) => messages === 0, 40) // the visibility timeout is 60 s
  expect((await ordersOf(order.merchantId)).orders).toHaveLength(1)
  expect(await orderRecord(order.merchantId, 'o1')).toMatchObject({ status: 'SUCCEEDED', attempt: 1, revision: 2 })
})
