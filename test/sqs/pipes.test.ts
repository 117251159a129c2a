import { memoryStore } from '../../lib/memory/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { aContext, aRecord, type Order, orderOptions, returned } from '../support/sqs.ts'

test('F13: the bare array of EventBridge Pipes is a batch too, and a failed message is named by its message id.', async () => {
  const runs: string[] = []
  const handler = sqsHandler<Order>(
    ({ body }) => {
      runs.push(body.orderId)
      if (body.orderId === 'b') throw new Error('b fails')
    },
    { ...orderOptions('unused'), store: memoryStore() },
  )
  const records = ['a', 'b', 'c'].map((id) => aRecord(id))
  expect(returned(await handler(records, aContext()))).toEqual(['b'])
  expect(returned(await handler([records[0] as never], aContext()))).toEqual([])
  expect(runs).toEqual(['a', 'b', 'c'])
})

test.each<[string, unknown]>([
  ['an array of other things', [{ kinesis: {} }]],
  ['an array with a hole', [null]],
  ['no event', undefined],
])('F13: %s is not a batch of SQS.', async (_, event) => {
  const handler = sqsHandler<Order>(() => {}, { ...orderOptions('unused'), store: memoryStore() })
  await expect(handler(event as never, aContext())).rejects.toMatchObject({ code: 'event-unsupported' })
})
