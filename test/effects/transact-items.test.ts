import { randomBytes } from 'node:crypto'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { plainItems } from '../../lib/dynamodb/index.ts'
import { itemStore } from '../../lib/dynamodb/item-store.ts'
import { step, type TransactItem, transact } from '../../lib/effects/index.ts'
import { type HandlerClaim, type Store, StoreMisconfiguredError } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { readItem } from '../support/dynamodb.ts'
import { gate } from '../support/http-harness.ts'
import { aRequest, ending, openScene, type Scene, UNHURRIED } from '../support/scene.ts'
import { aName, openShop, type Shop } from '../support/shop.ts'

let scene: Scene
let shop: Shop
beforeAll(async () => {
  scene = await openScene(UNHURRIED)
  shop = await openShop()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

type Claim = HandlerClaim | undefined

const sends = () => scene.proxy.seen.filter(({ operation }) => operation === 'TransactWriteItems').length

/** Runs a handler that refuses nothing of its own. */
const inHandler = (run: (claim: Claim) => unknown, store: Store = scene.store) =>
  scene.host('one', { store }).once(aRequest(), async (claim) => run(claim))

const anOrder = (): TransactItem => shop.order(aName())

describe('transact refuses, before anything is sent,', () => {
  const refusals: readonly (readonly [string, (claim: Claim) => unknown, RegExp])[] = [
    ['no claim', () => transact(undefined, [anOrder()], 1), /there is no claim/],
    ['a claim that is none', () => transact({} as HandlerClaim, [anOrder()], 1), /claim must be the claim/],
    ['no items', (claim) => transact(claim, [], 1), /1 to 99 items/],
    ['what is no array', (claim) => transact(claim, anOrder() as never, 1), /1 to 99 items/],
    ['100 items', (claim) => transact(claim, Array.from({ length: 100 }, anOrder), 1), /1 to 99 items/],
    [
      'an item without an action',
      (claim) => transact(claim, [anOrder(), {}], 1),
      /items\[1\] must have exactly one of/,
    ],
    ['an item that is null', (claim) => transact(claim, [null as never], 1), /items\[0\] must have exactly one of/],
    [
      'an item with two actions',
      (claim) => transact(claim, [{ ...anOrder(), Delete: { TableName: 'x', Key: {} } }], 1),
      /items\[0\] must have exactly one of Put, Update, Delete, ConditionCheck/,
    ],
    ['an action of another name', (claim) => transact(claim, [{ Get: {} } as never], 1), /items\[0\]/],
    ['an action that is no object', (claim) => transact(claim, [{ Put: 'x' } as never], 1), /items\[0\]/],
    [
      'the layer’s own table',
      (claim) => transact(claim, [anOrder(), { Put: { TableName: scene.tableName, Item: { pk: { S: 'x' } } } }], 1),
      /items\[1\] writes to "test-.*", which is lambda-once's own table/,
    ],
    [
      'the layer’s own table by its ARN',
      (claim) => {
        const TableName = `arn:aws:dynamodb:us-east-1:000000000000:table/${scene.tableName}`
        return transact(claim, [{ Delete: { TableName, Key: { pk: { S: 'x' } } } }], 1)
      },
      /items\[0\] writes to .*own table/,
    ],
    [
      'a step that runs',
      (claim) => step(claim, 'charge', () => transact(claim, [anOrder()], 1)),
      /a step is still running/,
    ],
    [
      'another transaction that is under way',
      async (claim) => {
        const first = transact(claim, [anOrder()], 1)
        const second = transact(claim, [anOrder()], 2)
        const [, refused] = await Promise.allSettled([first, second])
        if (refused?.status === 'rejected') throw refused.reason
      },
      /a transaction of this claim is under way/,
    ],
    [
      'a transaction after a commit',
      async (claim) => {
        await transact(claim, [anOrder()], 1)
        await transact(claim, [anOrder()], 2)
      },
      /the claim has ended with a commit/,
    ],
    [
      'a step after a commit',
      async (claim) => {
        await transact(claim, [anOrder()], 1)
        await step(claim, 'charge', () => 1)
      },
      /the claim has ended with a commit/,
    ],
  ]

  test.each(refusals)('%s', async (name, run, message) => {
    let refused: unknown
    await inHandler(async (claim) => {
      refused = await ending(Promise.resolve().then(() => run(claim)))
    })
    expect(refused).toEqual({ error: expect.any(TypeError) })
    expect(String((refused as { error: unknown }).error)).toMatch(message)
    expect(sends()).toBe(/after a commit|under way/.test(name) ? 1 : 0)
  })

  test('a step while a transaction is under way', async () => {
    const [arrived, answered] = [gate(), gate()]
    const first = async () => {
      arrived.open()
      await answered.opened
    }
    scene.proxy.script({ step: 'commit', fault: { first } })
    let runs = 0
    let refused: unknown
    await inHandler(async (claim) => {
      const commit = transact(claim, [anOrder()], 1)
      await arrived.opened
      refused = await ending(step(claim, 'charge', () => ++runs))
      answered.open()
      await commit
    })
    expect(refused).toEqual({ error: expect.any(TypeError) })
    expect(runs).toBe(0)
  })

  test('an ItemClient without transactWriteItems', async () => {
    const { putItem, updateItem, getItem } = refusing
    const store = itemStore({ tableName: 't', client: { putItem, updateItem, getItem }, skewSeconds: 2 })
    await inHandler(async (claim) => {
      expect(await ending(transact(claim, [anOrder()], 1))).toEqual({
        error: expect.objectContaining({ name: 'TypeError', message: 'The ItemClient has no transactWriteItems' }),
      })
    }, store)
  })

  test('a memory store without tables', async () => {
    await inHandler(async (claim) => {
      expect(await ending(transact(claim, [anOrder()], 1))).toEqual({
        error: expect.objectContaining({ name: 'TypeError', message: expect.stringContaining('option transact') }),
      })
    }, memoryStore())
  })
})

const refusing = {
  putItem: async () => ({}),
  updateItem: async () => ({}),
  getItem: async () => ({}),
}

test('a client that answers a cancellation without reasons is named as the cause', async () => {
  const cancelled = Object.assign(new Error('cancelled'), {
    name: 'TransactionCanceledException',
    $metadata: { attempts: 1 },
  })
  const client = { ...refusing, transactWriteItems: () => Promise.reject(cancelled) }
  const store = itemStore({ tableName: 't', client, skewSeconds: 2 })
  await inHandler(async (claim) => {
    expect(await ending(transact(claim, [anOrder()], 1))).toEqual({ error: expect.any(StoreMisconfiguredError) })
  }, store)
})

test('99 items are one transaction', async () => {
  const ids = Array.from({ length: 99 }, () => aName())
  const ran = await inHandler(async (claim) => {
    await transact(claim, ids.map(shop.order), 'ordered')
  })
  expect(ran).toEqual({ value: 'ordered', status: 'created' })
  expect(await Promise.all(ids.map(shop.has))).toEqual(ids.map(() => true))
})

describe('plainItems', () => {
  test('makes the four actions of plain values', async () => {
    const [kept, counted, gone, checked] = [aName(), aName(), aName(), aName()]
    const TableName = shop.tableName
    const first = plainItems(marshall, [
      { Put: { TableName, Item: { pk: counted, pieces: 2 } } },
      { Put: { TableName, Item: { pk: gone } } },
      { Put: { TableName, Item: { pk: checked, stage: 'open' } } },
    ])
    await inHandler((claim) => transact(claim, first, 1))
    const second = plainItems(marshall, [
      { Put: { TableName, Item: { pk: kept, lines: [{ sku: 'a', price: 9.5 }], tags: new Set(['new']), note: null } } },
      {
        Update: {
          TableName,
          Key: { pk: counted },
          UpdateExpression: 'SET pieces = pieces - :taken',
          ConditionExpression: '#pieces >= :taken',
          ExpressionAttributeNames: { '#pieces': 'pieces' },
          ExpressionAttributeValues: { ':taken': 2 },
        },
      },
      { Delete: { TableName, Key: { pk: gone } } },
      {
        ConditionCheck: {
          TableName,
          Key: { pk: checked },
          ConditionExpression: 'stage = :open',
          ExpressionAttributeValues: { ':open': 'open' },
        },
      },
    ])
    expect(await inHandler((claim) => transact(claim, second, 'done'))).toEqual({ value: 'done', status: 'created' })
    expect(unmarshall((await readItem(TableName, kept)) ?? {})).toEqual({
      pk: kept,
      lines: [{ sku: 'a', price: 9.5 }],
      tags: new Set(['new']),
      note: null,
    })
    expect(unmarshall((await readItem(TableName, counted)) ?? {})).toEqual({ pk: counted, pieces: 0 })
    expect(await readItem(TableName, gone)).toBeUndefined()
  })

  test('takes binaries at every depth', async () => {
    const pk = aName()
    const bytes = Uint8Array.of(0, 255, 128, 7)
    const { buffer } = Uint8Array.from([9, ...bytes, 9])
    const Item = {
      pk,
      bytes,
      part: new Uint8Array(buffer, 1, 4),
      buffer: Buffer.from(bytes),
      list: [[bytes], { bytes }],
      map: { inner: { bytes } },
      set: new Set([bytes, Uint8Array.of(1)]),
    }
    const items = plainItems(marshall, [{ Put: { TableName: shop.tableName, Item } }])
    await inHandler((claim) => transact(claim, items, 1))
    const row = unmarshall((await readItem(shop.tableName, pk)) ?? {})
    for (const member of ['bytes', 'part', 'buffer'] as const)
      expect([member, ...row[member]]).toEqual([member, ...bytes])
    expect([...row.list[0][0]]).toEqual([...bytes])
    expect([...row.list[1].bytes]).toEqual([...bytes])
    expect([...row.map.inner.bytes]).toEqual([...bytes])
    expect([...row.set].map((each: Uint8Array) => [...each])).toEqual(expect.arrayContaining([[...bytes], [1]]))
  })

  test('keeps a map’s member of any name', async () => {
    const pk = aName()
    const odd = JSON.parse('{"__proto__":{"S":"a"},"constructor":{"S":"b"},"B":{"S":"c"},"M":{"M":{"S":{"S":"d"}}}}')
    await inHandler((claim) =>
      transact(claim, [{ Put: { TableName: shop.tableName, Item: { pk: { S: pk }, odd: { M: odd } } } }], 1),
    )
    const row = await readItem(shop.tableName, pk)
    expect(new Map(Object.entries(row?.odd?.M ?? {}))).toEqual(new Map(Object.entries(odd)))
  })
})

test('large stored items come back with the refusal', async () => {
  const TableName = shop.tableName
  const bytes = randomBytes(390_000)
  const rows = [aName(), aName(), aName()].map((id) => ({ pk: { S: id }, bytes: { B: bytes } }))
  for (const Item of rows) await inHandler((claim) => transact(claim, [{ Put: { TableName, Item } }], 1))
  const checks = rows.map(({ pk }) => ({
    ConditionCheck: {
      TableName,
      Key: { pk },
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  }))
  await inHandler(async (claim) => {
    const done = await transact(claim, checks, 1)
    const lengths =
      done.kind === 'refused' ? done.reasons.map((reason) => (reason?.item as Row | undefined)?.bytes.B.length) : []
    expect(lengths).toEqual([390_000, 390_000, 390_000])
  })
})

interface Row {
  readonly [name: string]: unknown
  readonly bytes: { readonly B: Uint8Array }
}

test('a stored item with binaries comes back with the refusal', async () => {
  const pk = aName()
  const TableName = shop.tableName
  const bytes = Uint8Array.of(0, 255, 128)
  const Item = { pk: { S: pk }, deep: { M: { list: { L: [{ B: bytes }, { BS: [bytes] }] } } } }
  await inHandler((claim) => transact(claim, [{ Put: { TableName, Item } }], 1))
  await inHandler(async (claim) => {
    const ReturnValuesOnConditionCheckFailure = 'ALL_OLD'
    const ConditionExpression = 'attribute_not_exists(pk)'
    const done = await transact(
      claim,
      [{ Put: { TableName, Item, ConditionExpression, ReturnValuesOnConditionCheckFailure } }],
      1,
    )
    const [reason] = done.kind === 'refused' ? done.reasons : []
    const stored = reason?.item as typeof Item
    const [one, set] = stored.deep.M.list.L
    expect([...(one?.B ?? [])]).toEqual([...bytes])
    expect([...(set?.BS?.[0] ?? [])]).toEqual([...bytes])
  })
})
