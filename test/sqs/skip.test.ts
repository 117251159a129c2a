import { StoreUnavailableError } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { s3Key } from '../../lib/sources/index.ts'
import { type SqsOptions, skip, sqsHandler } from '../../lib/sqs/index.ts'
import { freshTable, testClient } from '../support/dynamodb.ts'
import { fixture } from '../support/fixture.ts'
import { aContext, anEvent, aRecord, type Order, orderOptions, redelivered, returned } from '../support/sqs.ts'

let tableName: string
beforeAll(async () => {
  tableName = await freshTable()
})

const skipping = (order: Order) => (order.orderId.startsWith('skip') ? skip : order.orderId)

test('A message for which key returns skip is acknowledged with an event, without a store call and without a run.', async () => {
  const unreachable = testClient({ endpoint: 'http://127.0.0.1:9', maxAttempts: 1 })
  const options = orderOptions(tableName, { client: unreachable, key: skipping })
  const handler = sqsHandler<Order>(() => {
    throw new Error('it ran')
  }, options)
  const event = redelivered(anEvent(aRecord('skip-1'), aRecord('skip-2', { group: 'g' })))
  expect(returned(await handler(event, aContext()))).toEqual([])
  expect(options.events).toEqual(
    ['skip-1', 'skip-2'].map((messageId) => ({ type: 'dropped', operation: options.operation, messageId })),
  )
})

test('The other messages of a batch with a skipped message run.', async () => {
  const runs: string[] = []
  const handler = sqsHandler<Order>(
    ({ body }) => void runs.push(body.orderId),
    orderOptions(tableName, { key: skipping }),
  )
  expect(returned(await handler(anEvent(aRecord('skip-1'), aRecord('a'), aRecord('skip-2')), aContext()))).toEqual([])
  expect(runs).toEqual(['a'])
})

test('The test event of S3, which has no tenant, is dropped from a batch of S3 notifications.', async () => {
  interface Notification {
    readonly Event?: string
    readonly Records: readonly Parameters<typeof s3Key>[0][]
  }
  const first = ({ Records: [record] }: Notification) => record as Parameters<typeof s3Key>[0]
  const runs: string[] = []
  const handler = sqsHandler<Notification>(({ messageId }) => void runs.push(messageId), {
    store: memoryStore(),
    operation: 'invoices',
    tenant: ({ body }) => first(body).s3.bucket.name,
    key: (body) => (body.Event === 's3:TestEvent' ? skip : s3Key(first(body))),
  })
  const test = { Service: 'Amazon S3', Event: 's3:TestEvent', Time: '2026-10-13T15:57:02.089Z', Bucket: 'bucket' }
  const event = anEvent(
    aRecord('x', { messageId: 'test', body: JSON.stringify(test) }),
    aRecord('x', { messageId: 'notification', body: JSON.stringify(fixture<Notification>('s3')) }),
  )
  expect(returned(await handler(event, aContext()))).toEqual([])
  expect(runs).toEqual(['notification'])
})

test.each(['skip', 'lambda-once.skip', 'Symbol(lambda-once.skip)'])(
  'No text that a producer can send counts as skip: %s runs.',
  async (orderId) => {
    const runs: string[] = []
    const handler = sqsHandler<Order>(({ body }) => void runs.push(body.orderId), orderOptions(tableName))
    expect(returned(await handler(anEvent(aRecord(orderId)), aContext()))).toEqual([])
    expect(runs).toEqual([orderId])
  },
)

test('F3: after a failure of its group a skipped message is returned in order, and dropped when it is redelivered.', async () => {
  const runs: string[] = []
  const options = orderOptions(tableName, { key: skipping })
  const handler = sqsHandler<Order>(({ body: { orderId } }) => {
    runs.push(orderId)
    if (runs.length === 1) throw new Error('a fails')
  }, options)
  const event = anEvent(...['a', 'skip', 'c'].map((id) => aRecord(id, { group: 'g' })))
  expect(returned(await handler(event, aContext()))).toEqual(['a', 'skip', 'c'])
  expect(returned(await handler(redelivered(event), aContext()))).toEqual([])
  expect(runs).toEqual(['a', 'a', 'c'])
  expect(options.events.filter(({ type }) => type === 'dropped')).toHaveLength(1)
})

test('F12: a dropped message does not count as an answer of the store, which is down for all others.', async () => {
  const options = orderOptions(tableName, { key: skipping })
  const store = { ...options.store, claim: () => Promise.reject(new StoreUnavailableError('down')) }
  const handler = sqsHandler<Order>(() => {}, { ...options, store })
  await expect(handler(anEvent(aRecord('skip'), aRecord('a')), aContext())).rejects.toBeInstanceOf(
    StoreUnavailableError,
  )
  expect(returned(await handler(anEvent(aRecord('skip')), aContext()))).toEqual([])
})

test('The type of key allows skip and numbers, and no other symbol.', () => {
  const keys: SqsOptions<Order>['key'][] = [() => skip, () => 42, () => 'a', () => null]
  // @ts-expect-error another symbol is not skip
  const wrong: SqsOptions<Order>['key'] = () => Symbol('other')
  expect([...keys, wrong].every((key) => typeof key === 'function')).toBe(true)
})
