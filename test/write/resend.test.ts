import { randomBytes } from 'node:crypto'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { jest } from '@jest/globals'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { largeAnswers } from '../../lib/s3/index.ts'
import type { Plan } from '../../lib/write/index.ts'
import { freshTable, testClient } from '../support/dynamodb.ts'
import {
  arrivesLate,
  cancelled,
  denied,
  type Fault,
  failAfter,
  resetAfter,
  resetBefore,
  throttled,
  throughputExceeded,
  tokenMismatch,
  transactionInProgress,
} from '../support/fault-proxy.ts'
import { aRequest, openScene, recordKeyOf, remaining, type Scene, UNHURRIED } from '../support/scene.ts'
import { aName, openShop, type Shop } from '../support/shop.ts'
import { anOrder, aWriter, commits, leave, type Order, planOf, recordOf, said, steps } from './writing.ts'

let scene: Scene
let shop: Shop
beforeAll(async () => {
  scene = await openScene(UNHURRIED)
  shop = await openShop()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

/** An article that is there. */
const aStockedOrder = async (pieces = 1): Promise<Order> => {
  const order = anOrder()
  await shop.stock(order.article, pieces)
  return order
}

const written = async ({ id, article }: Order) => ({ row: await shop.has(id), left: await shop.left(article) })
const WRITTEN_ONCE = { row: true, left: 2 }
const NOT_WRITTEN = { row: false, left: 3 }

/** The client sends some of these again by itself. */
const PASSING: readonly (readonly [string, Fault])[] = [
  ['its record is in conflict with another transaction', cancelled('TransactionConflict', 'None', 'None')],
  ['an item is in conflict with another transaction', cancelled('None', 'None', 'TransactionConflict')],
  [
    'an item is in conflict, and a condition does not hold',
    cancelled('None', 'ConditionalCheckFailed', 'TransactionConflict'),
  ],
  ['an item is throttled', cancelled('None', 'ThrottlingError', 'None')],
  ['an item has too little capacity', cancelled('None', 'ProvisionedThroughputExceeded', 'None')],
  ['the table is throttled', throttled],
  ['the table has too little capacity', throughputExceeded],
  ['an earlier send is at work', transactionInProgress],
  ['its token is taken for that of another request', tokenMismatch],
  ['it is lost on the way', resetBefore],
]

const LOST_ANSWERS: readonly (readonly [string, Fault])[] = [
  ['its answer is lost', resetAfter],
  ['its answer is a 500', failAfter],
  ['its answer is that an earlier send is at work', { ...transactionInProgress, apply: 'now' }],
  ['its answer is that the token is taken', { ...tokenMismatch, apply: 'now' }],
]

describe('I31 A one-shot write of which', () => {
  test.each([...PASSING, ...LOST_ANSWERS])('%s, once, is written once', async (_, fault) => {
    const order = await aStockedOrder(3)
    const request = aRequest()
    scene.proxy.script({ step: 'commit', nth: 1, fault })
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('created ordered')
    expect(await written(order)).toEqual(WRITTEN_ONCE)
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('replayed ordered')
    expect(await written(order)).toEqual(WRITTEN_ONCE)
  })

  test.each(PASSING)('%s, for ever, gets 503 after a few sends, and a retry writes', async (_, fault) => {
    const order = await aStockedOrder(3)
    const request = aRequest()
    scene.proxy.script({ step: 'commit', fault })
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('idempotency-unavailable')
    expect(commits(scene)).toBeLessThanOrEqual(10)
    scene.proxy.script()
    expect(await written(order)).toEqual(NOT_WRITTEN)
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('created ordered')
    expect(await written(order)).toEqual(WRITTEN_ONCE)
  })

  test.each(LOST_ANSWERS)('%s, for ever, is found again by the fence, and replayed', async (_, fault) => {
    const order = await aStockedOrder(3)
    scene.proxy.script({ step: 'commit', fault })
    const writer = aWriter(scene)
    expect(await said(writer.write(aRequest(), () => planOf(shop, order)))).toBe('replayed ordered')
    expect(writer.eventTypes().filter((type) => type !== 'storeFailed')).toEqual(['replayed'])
    expect(await written(order)).toEqual(WRITTEN_ONCE)
  })
})

describe('I32 A one-shot write of unknown fate', () => {
  test('gets 503 while the store is silent for its fence too. A retry replays what was written', async () => {
    const order = await aStockedOrder(3)
    const request = aRequest()
    scene.proxy.script({ fault: resetAfter })
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('idempotency-unavailable')
    scene.proxy.script()
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('replayed ordered')
    expect(await written(order)).toEqual(WRITTEN_ONCE)
  })

  test('is fenced before its 503: a retry that is refused stays true when the sends arrive', async () => {
    const order = await aStockedOrder(0)
    const request = aRequest()
    scene.proxy.script({ step: 'commit', fault: arrivesLate })
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('idempotency-unavailable')
    expect((await recordOf(scene, request))?.status).toBe('RELEASED')
    scene.proxy.script()
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('released refused')
    await shop.stock(order.article, 3)
    expect(new Set(await scene.proxy.deliver())).toEqual(new Set([400]))
    expect(await written(order)).toEqual(NOT_WRITTEN)
  })

  test('may arrive after a retry has written, if its fence got no answer, and changes nothing', async () => {
    const order = await aStockedOrder(3)
    const request = aRequest()
    scene.proxy.script({ step: 'commit', fault: arrivesLate }, { step: 'claim', fault: resetBefore })
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('idempotency-unavailable')
    scene.proxy.script()
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('created ordered')
    expect(new Set(await scene.proxy.deliver())).toEqual(new Set([400]))
    expect(await written(order)).toEqual(WRITTEN_ONCE)
  })

  test('whose fence is not given up blocks a retry for the skew only', async () => {
    const order = await aStockedOrder(3)
    const request = aRequest()
    scene.proxy.script({ step: 'commit', fault: resetBefore }, { step: 'release', fault: resetBefore })
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('idempotency-unavailable')
    scene.proxy.script()
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('in-progress')
    scene.clock.advance(3_000)
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('created ordered')
    expect(await written(order)).toEqual(WRITTEN_ONCE)
  })

  test('gets 503 if its fence stays in conflict with transactions, or meets a missing permission', async () => {
    const logged = jest.spyOn(console, 'error').mockImplementation(() => {})
    const conflict: Fault = { apply: 'never', answer: { status: 400, name: 'TransactionConflictException' } }
    for (const fault of [conflict, denied]) {
      const order = await aStockedOrder(0)
      const request = aRequest()
      scene.proxy.script({ step: 'commit', nth: 1, fault: arrivesLate }, { step: 'claim', fault })
      expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('idempotency-unavailable')
      await shop.stock(order.article, 3)
      await scene.proxy.deliver() // applied, since nothing fenced it
      scene.proxy.script()
      expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('replayed ordered')
      expect(await written(order)).toEqual(WRITTEN_ONCE)
    }
    expect(logged.mock.calls.join()).toMatch(/^lambda-once: a fence was refused: .*grant it/) // the log gets the remedy
    logged.mockRestore()
  })

  test('a send whose token is taken for another request’s may still be applied: the refusal after it is fenced', async () => {
    const order = await aStockedOrder(0)
    const { answer } = tokenMismatch
    scene.proxy.script({ step: 'commit', nth: 1, fault: { apply: 'late', ...(answer && { answer }) } })
    expect(await said(aWriter(scene).write(aRequest(), () => planOf(shop, order)))).toBe('released refused')
    await shop.stock(order.article, 3)
    expect(await scene.proxy.deliver()).toEqual([400])
    expect(await written(order)).toEqual(NOT_WRITTEN)
  })
})

test('I31, I34 an answer that goes to S3 is put once for all sends, and replayed', async () => {
  const objects = new Map<string, Uint8Array>()
  let puts = 0
  const store = largeAnswers(scene.store, {
    put: async (key, bytes) => {
      puts++
      objects.set(key, bytes)
    },
    get: async (key) => objects.get(key),
  })
  const request = aRequest()
  const order = await aStockedOrder(3)
  const answer = { large: randomBytes(450_000).toString('base64') }
  const plan = (): Plan => ({ ...planOf(shop, order), answer })
  scene.proxy.script({ step: 'commit', nth: 1, fault: cancelled('TransactionConflict', 'None', 'None') })
  expect(await aWriter(scene, { store }).write(request, plan)).toEqual({ value: answer, status: 'created' })
  expect([puts, commits(scene)]).toEqual([1, 2])
  scene.proxy.script({ step: 'commit', fault: resetAfter })
  expect(await aWriter(scene, { store }).write(request, plan)).toEqual({ value: answer, status: 'replayed' })
  expect(await written(order)).toEqual(WRITTEN_ONCE)
})

test('I31 without time for a send nothing is sent, and the caller gets 503', async () => {
  const order = await aStockedOrder(3)
  const request = aRequest({ context: remaining(400) })
  expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('idempotency-unavailable')
  expect(scene.proxy.seen).toEqual([])
})

test('I31 while an earlier send is at work, the pauses grow', async () => {
  scene.proxy.script({ step: 'commit', fault: transactionInProgress })
  const writer = aWriter(scene)
  await said(writer.write(aRequest(), () => planOf(shop, anOrder())))
  expect(writer.runtime.slept).toEqual([100, 200, 400, 800])
})

/** Plans that DynamoDB or the layer cannot take. */
const MISTAKES: readonly (readonly [string, (order: Order) => Plan['items'], RegExp])[] = [
  [
    'an expression that is none',
    ({ id }) => [{ Put: { TableName: shop.tableName, Item: { pk: { S: id } }, ConditionExpression: 'nonsense' } }],
    /^ValidationException/,
  ],
  [
    'an item without a key',
    () => [{ Put: { TableName: shop.tableName, Item: { other: { S: 'x' } } } }],
    /^(ValidationException|TransactionCanceledException)/,
  ],
  [
    'an item of a table that does not exist',
    ({ id }) => [{ Put: { TableName: 'no-such-table', Item: { pk: { S: id } } } }],
    /^store-misconfigured$/,
  ],
  [
    'an item of the layer’s own table',
    ({ id }) => [{ Put: { TableName: scene.tableName, Item: { pk: { S: id } } } }],
    /^TypeError: A transaction: items\[0\] writes to/,
  ],
  [
    'an item of the layer’s own table, by its ARN',
    ({ id }) => [
      {
        Put: { TableName: `arn:aws:dynamodb:us-east-1:000000000000:table/${scene.tableName}`, Item: { pk: { S: id } } },
      },
    ],
    /^TypeError: A transaction: items\[0\] writes to/,
  ],
]

const mistaken = (order: Order, items: (order: Order) => Plan['items']): Plan =>
  ({ ...planOf(shop, order), items: items(order) }) as Plan

describe('A one-shot write with', () => {
  test.each(MISTAKES)('%s throws, and leaves no record', async (_, items, expected) => {
    const order = await aStockedOrder(3)
    const request = aRequest()
    expect(await said(aWriter(scene).write(request, () => mistaken(order, items)))).toMatch(expected)
    expect(await recordOf(scene, request)).toBeUndefined()
    expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('created ordered')
  })

  test.each(MISTAKES)(
    'I32 %s, after a first send that may arrive, throws behind a fence',
    async (_, items, expected) => {
      const order = await aStockedOrder(0)
      const request = aRequest()
      scene.proxy.script(
        { step: 'commit', nth: 1, fault: arrivesLate },
        { step: 'commit', nth: 2, fault: { first: () => leave(scene, request, 'released') } },
      )
      let plans = 0
      const plan = () => (++plans === 1 ? planOf(shop, order) : mistaken(order, items))
      expect(await said(aWriter(scene).write(request, plan))).toMatch(expected)
      expect(steps(scene).slice(-2)).toEqual(['takeOver', 'release'])
      await shop.stock(order.article, 3)
      expect(await scene.proxy.deliver()).toEqual([400])
      expect(await written(order)).toEqual(NOT_WRITTEN)
    },
  )
})

test('a missing permission is the operator’s to mend: store-misconfigured, with DynamoDB’s own message', async () => {
  scene.proxy.script({ step: 'commit', fault: denied })
  const order = await aStockedOrder(3)
  const error = await aWriter(scene)
    .write(aRequest(), () => planOf(shop, order))
    .catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'store-misconfigured' })
  expect(String(error)).toMatch(/A transaction with the tables of its items: .*grant it.*not authorized/)
  expect(commits(scene)).toBe(1)
})

test('I32 a missing permission after a send that may arrive: behind the fence, or 503', async () => {
  const order = await aStockedOrder(0)
  scene.proxy.script({ step: 'commit', nth: 1, fault: arrivesLate }, { step: 'commit', fault: denied })
  expect(await said(aWriter(scene).write(aRequest(), () => planOf(shop, order)))).toBe('store-misconfigured')
  expect(steps(scene)).toEqual(['commit', 'commit', 'claim', 'release'])
  await shop.stock(order.article, 3)
  expect(await scene.proxy.deliver()).toEqual([400])
  expect(await written(order)).toEqual(NOT_WRITTEN)
})

test('a record of another program is store-misconfigured, and stays', async () => {
  const request = aRequest()
  const order = await aStockedOrder(3)
  const item = { pk: { S: recordKeyOf(request) }, owner: { S: 'another program' } }
  await testClient().send(new PutItemCommand({ TableName: scene.tableName, Item: item }))
  expect(await said(aWriter(scene).write(request, () => planOf(shop, order)))).toBe('store-misconfigured')
  expect(commits(scene)).toBe(1)
  expect(await written(order)).toEqual(NOT_WRITTEN)
})

test('an ItemClient without transactWriteItems is a mistake that names it', async () => {
  const client = { putItem: async () => ({}), updateItem: async () => ({}), getItem: async () => ({}) }
  const store = dynamoDbStore({ tableName: await freshTable(), client })
  const told = await said(aWriter(scene, { store }).write(aRequest(), () => planOf(shop, anOrder())))
  expect(told).toBe('TypeError: The ItemClient has no transactWriteItems')
})

test('I32 a client that does not say how often it sent leaves a doubt, so a refusal is fenced', async () => {
  const calls: string[] = []
  const cancellation = Object.assign(new Error('cancelled'), {
    name: 'TransactionCanceledException',
    CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
    $metadata: { httpStatusCode: 400 },
  })
  const call = (name: string, answer: () => object) => async () => {
    calls.push(name)
    return answer()
  }
  const store = dynamoDbStore({
    tableName: aName('table'),
    client: {
      putItem: call('putItem', () => ({})),
      updateItem: call('updateItem', () => ({})),
      getItem: call('getItem', () => ({})),
      transactWriteItems: call('transactWriteItems', () => {
        throw cancellation
      }),
    },
  })
  expect(await said(aWriter(scene, { store }).write(aRequest(), () => planOf(shop, anOrder())))).toBe(
    'released refused',
  )
  expect(calls).toEqual(['transactWriteItems', 'putItem', 'updateItem'])
})
