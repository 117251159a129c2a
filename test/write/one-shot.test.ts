import { type IdempotencyError, TerminalError } from '../../lib/index.ts'
import { onceWrite, type Plan } from '../../lib/write/index.ts'
import { throttled } from '../support/fault-proxy.ts'
import { aRequest, ending, openScene, type Scene, UNHURRIED } from '../support/scene.ts'
import { aName, openShop, type Shop } from '../support/shop.ts'
import { anOrder, aWriter, commits, type Order, planOf, recordOf, said, steps } from './writing.ts'

let scene: Scene
let shop: Shop
beforeAll(async () => {
  scene = await openScene(UNHURRIED)
  shop = await openShop()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const aStockedOrder = async (pieces = 3): Promise<Order> => {
  const order = anOrder()
  await shop.stock(order.article, pieces)
  return order
}

const errorOf = async (promise: Promise<unknown>): Promise<unknown> => {
  const end = await ending(promise)
  return 'error' in end ? end.error : undefined
}

describe('I31 One-shot writes under one key', () => {
  test('100 at once: one commits, and 99 get its answer as a replay', async () => {
    const request = aRequest()
    const order = await aStockedOrder(200)
    const writers = Array.from({ length: 4 }, () => aWriter(scene))
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        writers[index % 4]?.write(request, () => ({ ...planOf(shop, order), answer: { by: index } })),
      ),
    )
    expect(results.filter((result) => result?.status === 'created')).toHaveLength(1)
    expect(results.filter((result) => result?.status === 'replayed')).toHaveLength(99)
    expect(new Set(results.map((result) => JSON.stringify(result?.value))).size).toBe(1)
    expect(await shop.left(order.article)).toBe(199)
    expect(await recordOf(scene, request)).toMatchObject({ status: 'SUCCEEDED', attempt: 1, revision: 1 })
  })

  test('50 of each of two payloads at once: one payload commits, and all requests with the other are mismatches', async () => {
    const request = aRequest()
    const order = await aStockedOrder(200)
    const told = await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const payload = index % 2
        return said(
          aWriter(scene).write({ ...request, payload }, () => ({ ...planOf(shop, order), answer: { [payload]: 1 } })),
        )
      }),
    )
    const winner = told.find((word) => word.startsWith('created'))?.slice(-1)
    expect(told.toSorted()).toEqual([
      `created ${winner}`,
      ...Array(50).fill('key-reused'),
      ...Array(49).fill(`replayed ${winner}`),
    ])
    expect(await shop.left(order.article)).toBe(199)
  })

  test('take one send each: the first writes, and a retry is refused by its record', async () => {
    const request = aRequest()
    const order = await aStockedOrder()
    const writer = aWriter(scene)
    expect(await writer.write(request, () => planOf(shop, order))).toEqual({
      value: { ordered: order.id },
      status: 'created',
    })
    expect(await writer.write(request, () => planOf(shop, order))).toEqual({
      value: { ordered: order.id },
      status: 'replayed',
    })
    expect(steps(scene)).toEqual(['commit', 'commit'])
    expect(writer.eventTypes()).toEqual(['completed', 'replayed'])
  })
})

describe('A condition of yours that does not hold', () => {
  test('refuses, and stores nothing: the key is free for any payload', async () => {
    const request = aRequest()
    const order = await aStockedOrder(0)
    const writer = aWriter(scene)
    expect(await writer.write(request, () => planOf(shop, order))).toEqual({
      value: { refused: ['None', 'ConditionalCheckFailed'] },
      status: 'released',
    })
    expect(await shop.has(order.id)).toBe(false)
    expect(await recordOf(scene, request)).toBeUndefined()
    expect(steps(scene)).toEqual(['commit'])
    await shop.stock(order.article, 1)
    const other = { ...request, payload: 'other' }
    expect(await said(writer.write(other, () => planOf(shop, order)))).toBe('created ordered')
  })

  test('comes with the stored item, if the item asks for it', async () => {
    const order = await aStockedOrder(0)
    const { value } = await aWriter(scene).write(aRequest(), () => ({
      ...planOf(shop, order),
      refused: ([, reason]) => ({ left: reason?.item?.pieces, message: typeof reason?.message }),
    }))
    expect(value).toEqual({ left: { N: '0' }, message: 'string' })
  })

  test('may be answered asynchronously', async () => {
    const order = await aStockedOrder(0)
    const plan = (): Plan => ({ ...planOf(shop, order), refused: async () => ({ later: true }) })
    expect(await aWriter(scene).write(aRequest(), plan)).toEqual({ value: { later: true }, status: 'released' })
  })

  test.each([
    [
      'throws',
      () => {
        throw new TerminalError('sold out')
      },
    ],
    ['rejects', () => Promise.reject(new TerminalError('sold out'))],
  ])('gives the caller the very error of a refused that %s', async (_, refused) => {
    const order = await aStockedOrder(0)
    const request = aRequest()
    const told = errorOf(aWriter(scene).write(request, () => ({ ...planOf(shop, order), refused })))
    expect(await told).toEqual(new TerminalError('sold out'))
    expect(await recordOf(scene, request)).toBeUndefined()
  })

  test('calls refused as a member of its plan', async () => {
    const order = await aStockedOrder(0)
    const plan = {
      ...planOf(shop, order),
      own: 'mine',
      refused(this: { own: string }) {
        return { own: this.own }
      },
    }
    expect((await aWriter(scene).write(aRequest(), () => plan as Plan)).value).toEqual({ own: 'mine' })
  })
})

describe('A plan', () => {
  test('without items gives its answer, and stores nothing', async () => {
    const request = aRequest()
    const writer = aWriter(scene)
    expect(await writer.write(request, () => ({ answer: { bad: 'amount' } }))).toEqual({
      value: { bad: 'amount' },
      status: 'released',
    })
    expect(await recordOf(scene, request)).toBeUndefined()
    expect(steps(scene)).toEqual(['peek'])
    expect(writer.eventTypes()).toEqual([])
  })

  test('without items is answered while the store is down', async () => {
    scene.proxy.script({ fault: throttled })
    expect(await said(aWriter(scene).write(aRequest(), () => ({ answer: { bad: 'amount' } })))).toBe('released bad')
  })

  /** What a plan makes of what it reads, once its own write has changed it. */
  const SECOND: readonly (readonly [string, () => Plan])[] = [
    ['answers without items', () => ({ answer: { error: 'exists' } })],
    [
      'throws',
      () => {
        throw new Error('the cart is empty')
      },
    ],
    ['is none', () => undefined as never],
  ]

  test.each(SECOND)(
    'of a retry that %s, because the first call has written, gets the first answer',
    async (_, second) => {
      const request = aRequest()
      const order = await aStockedOrder()
      await aWriter(scene).write(request, () => planOf(shop, order))
      const writer = aWriter(scene)
      expect(await said(writer.write(request, second))).toBe('replayed ordered')
      expect(writer.eventTypes()).toEqual(['replayed'])
      expect(await said(writer.write({ ...request, payload: 'other' }, second))).toBe('key-reused')
    },
  )

  test('that throws gives the caller the very error, and writes nothing', async () => {
    const error = new Error('no such article')
    const request = aRequest()
    for (const plan of [
      () => Promise.reject(error),
      () => {
        throw error
      },
    ])
      expect(await errorOf(aWriter(scene).write(request, plan))).toBe(error)
    expect(await recordOf(scene, request)).toBeUndefined()
    expect(commits(scene)).toBe(0)
  })

  test('may be a promise, and so may its answer', async () => {
    const order = await aStockedOrder()
    const plan = async (): Promise<Plan> => ({ ...planOf(shop, order), answer: Promise.resolve({ ordered: 'later' }) })
    const request = aRequest()
    expect((await aWriter(scene).write(request, plan)).value).toEqual({ ordered: 'later' })
    expect((await aWriter(scene).write(request, plan)).value).toEqual({ ordered: 'later' })
    expect((await aWriter(scene).write(aRequest(), () => ({ answer: Promise.resolve(7) }))).value).toBe(7)
  })

  const refused = () => null
  const items = [{ Put: {} }]
  const BAD: readonly (readonly [string, unknown, string])[] = [
    ['that is undefined', undefined, 'the plan must be { items, answer, refused } or { answer }'],
    ['that is null', null, 'the plan must be { items, answer, refused } or { answer }'],
    ['that is a text', 'plan', 'the plan must be { items, answer, refused } or { answer }'],
    ['without an answer', { items, refused }, 'the plan must be { items, answer, refused } or { answer }'],
    [
      'without refused',
      { items, answer: 1 },
      'refused must be a function that makes the answer for a condition that does not hold',
    ],
    ['with no items', { items: [], answer: 1, refused }, 'items must be an array of 1 to 99 items'],
    ['with items that are null', { items: null, answer: 1, refused }, 'items must be an array of 1 to 99 items'],
    [
      'with 100 items',
      { items: Array(100).fill({ Put: {} }), answer: 1, refused },
      'items must be an array of 1 to 99 items',
    ],
    [
      'with an item of two actions',
      { items: [{ Put: {}, Delete: {} }], answer: 1, refused },
      'items[0] must have exactly one of Put, Update, Delete, ConditionCheck',
    ],
    [
      'with an item of none',
      { items: [{ Put: {} }, { Get: {} }], answer: 1, refused },
      'items[1] must have exactly one of Put, Update, Delete, ConditionCheck',
    ],
    [
      'with an item that is null',
      { items: [null], answer: 1, refused },
      'items[0] must have exactly one of Put, Update, Delete, ConditionCheck',
    ],
  ]

  test.each(BAD)('%s is a TypeError that says why', async (_, plan, rule) => {
    const error = await errorOf(aWriter(scene).write(aRequest(), () => plan as Plan))
    expect(error).toEqual(new TypeError(`A one-shot write: ${rule}`))
    expect(commits(scene)).toBe(0)
  })

  test('of 99 items is written', async () => {
    const ids = Array.from({ length: 99 }, () => aName())
    const plan = (): Plan => ({ items: ids.map(shop.order), answer: ids.length, refused: () => null })
    expect(await aWriter(scene).write(aRequest(), plan)).toEqual({ value: 99, status: 'created' })
    expect(await Promise.all([ids[0], ids[98]].map((id) => shop.has(String(id))))).toEqual([true, true])
  })

  test('of a ConditionCheck alone is stored too', async () => {
    const order = await aStockedOrder()
    const check = {
      TableName: shop.tableName,
      Key: { pk: { S: order.article } },
      ConditionExpression: 'pieces > :zero',
      ExpressionAttributeValues: { ':zero': { N: '0' } },
    }
    const plan = (): Plan => ({ items: [{ ConditionCheck: check }], answer: 'there', refused: () => 'gone' })
    const request = aRequest()
    expect(await aWriter(scene).write(request, plan)).toEqual({ value: 'there', status: 'created' })
    await shop.stock(order.article, 0)
    expect(await aWriter(scene).write(request, plan)).toEqual({ value: 'there', status: 'replayed' })
  })
})

describe('The answer of a plan', () => {
  test.each<[string, unknown, unknown]>([
    ['undefined', undefined, undefined],
    ['null', null, null],
    ['a text', 'done', 'done'],
    ['bytes', Uint8Array.of(1, 2), Buffer.of(1, 2)],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
  ])('%s is the same the first time and every time', async (_, answer, kept) => {
    const request = aRequest()
    const plan = (): Plan => ({ items: [shop.order(aName())], answer, refused: () => null })
    expect(await aWriter(scene).write(request, plan)).toEqual({ value: kept, status: 'created' })
    expect(await aWriter(scene).write(request, plan)).toEqual({ value: kept, status: 'replayed' })
  })

  test('that cannot be stored is given once, and a retry learns that it cannot be replayed', async () => {
    const random = Array.from({ length: 600_000 }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join(
      '',
    )
    for (const answer of [10n, random]) {
      const request = aRequest()
      const id = aName()
      const plan = (): Plan => ({ items: [shop.order(id)], answer, refused: () => null })
      expect(await aWriter(scene).write(request, plan)).toEqual({ value: answer, status: 'created' })
      expect(await shop.has(id)).toBe(true)
      const error = (await errorOf(aWriter(scene).write(request, plan))) as IdempotencyError
      expect(error.code).toBe('replay-unavailable')
    }
  })
})

describe('onceWrite', () => {
  test('refuses what is not a request or a plan, before anything is sent', async () => {
    const { write } = aWriter(scene)
    const plan = () => planOf(shop, anOrder())
    expect(await errorOf(write(undefined as never, plan))).toBeInstanceOf(TypeError)
    expect(await errorOf(write(aRequest(), {} as never))).toBeInstanceOf(TypeError)
    expect(await said(write(aRequest({ tenant: '' }), plan))).toBe('scope-missing')
    expect(await said(write(aRequest({ key: '' }), plan))).toBe('key-invalid')
    expect(await said(write(aRequest({ payload: new Map() as never }), plan))).toBe('payload-invalid')
    expect(await errorOf(write(aRequest({ signal: AbortSignal.abort(new Error('gone')) }), plan))).toEqual(
      new Error('gone'),
    )
    expect(scene.proxy.seen).toEqual([])
  })

  test('works with the system’s clock and timers', async () => {
    const write = onceWrite({ store: scene.store, operation: 'payments' })
    const request = aRequest()
    const order = await aStockedOrder()
    expect(await said(write(request, () => planOf(shop, order)))).toBe('created ordered')
    expect(await said(write(request, () => planOf(shop, order)))).toBe('replayed ordered')
  })
})
