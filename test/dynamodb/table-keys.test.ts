import { randomUUID } from 'node:crypto'
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { OptionError } from '../../lib/core/option-rules.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { fromItem, type Item } from '../../lib/dynamodb/item.ts'
import { tableKeys } from '../../lib/dynamodb/keys/index.ts'
import { asInTable, asRecord } from '../../lib/dynamodb/keys/key-names.ts'
import { leanDynamoDbStore } from '../../lib/dynamodb/lean/index.ts'
import { transact } from '../../lib/effects/index.ts'
import { once } from '../../lib/index.ts'
import { onceWrite } from '../../lib/write/index.ts'
import { aClaim, completed, unhurried } from '../support/claims.ts'
import { CREDENTIALS, databaseEndpoint, REGION, testClient } from '../support/dynamodb.ts'
import { patientRuntime, quietly } from '../support/http-harness.ts'
import { openShop } from '../support/shop.ts'
import { keyIn, readIn, SHOP_KEYS, shopTable } from '../support/shop-table.ts'
import { storeContract } from '../support/store-contract.ts'

const client = testClient()

const STORES: Readonly<Record<string, (tableName: string) => Store>> = {
  SDK: (tableName) => dynamoDbStore({ tableName, client: testClient(), keys: tableKeys(SHOP_KEYS) }),
  lean: (tableName) =>
    leanDynamoDbStore({
      tableName,
      keys: tableKeys(SHOP_KEYS),
      endpoint: databaseEndpoint(),
      region: REGION,
      credentials: CREDENTIALS,
    }),
}

for (const [name, open] of Object.entries(STORES)) {
  storeContract(`${name} over a table with other keys`, async () => {
    const tableName = await shopTable()
    const { order, has } = await openShop()
    const names = { ...SHOP_KEYS, ttl: SHOP_KEYS.ttlAttribute }
    return {
      store: open(tableName),
      rows: { put: order, has },
      read: async (recordKey) => {
        const item = await readIn(tableName, keyIn(recordKey))
        return item === undefined ? undefined : fromItem(asRecord(names, item))
      },
      sweep: async (recordKey) => {
        await client.send(new DeleteItemCommand({ TableName: tableName, Key: keyIn(recordKey) }))
      },
    }
  })
}

describe.each(Object.entries(STORES))('%s over a table with other keys', (_, open) => {
  let tableName: string
  let store: Store

  beforeAll(async () => {
    tableName = await shopTable()
    store = open(tableName)
  })

  test('a settled record has these attributes, and no others', async () => {
    const claim = aClaim()
    await store.claim(claim, unhurried)
    const settlement = completed()
    await store.settle(claim, settlement, unhurried)
    const item = await readIn(tableName, keyIn(claim.recordKey))
    expect(item).toMatchObject({
      ...keyIn(claim.recordKey),
      status: { S: settlement.status },
      claimToken: { S: claim.claimToken },
      ttl: { N: String(Math.ceil(settlement.expiresAt / 1_000)) },
    })
    for (const name of ['pk', 'expiresAt', 'leaseExpiresAt']) expect(item).not.toHaveProperty(name)
  })

  test('an item of another program under the key of a record is refused', async () => {
    const claim = aClaim()
    await client.send(
      new PutItemCommand({ TableName: tableName, Item: { ...keyIn(claim.recordKey), customer: { S: 'c-1' } } }),
    )
    await expect(store.claim(claim, unhurried)).rejects.toMatchObject({ code: 'store-misconfigured' })
  })

  const order = (id: string): object => ({
    Put: {
      TableName: tableName,
      Item: { PK: { S: `ORDER#${id}` }, SK: { S: 'ORDER' } },
      ConditionExpression: 'attribute_not_exists(PK)',
    },
  })
  const hasOrder = async (id: string): Promise<boolean> =>
    (await readIn(tableName, { PK: { S: `ORDER#${id}` }, SK: { S: 'ORDER' } })) !== undefined

  test('I23: a transaction writes to other items of the same table', async () => {
    const pay = once({ store, operation: 'orders', runtime: patientRuntime })
    const request = { key: randomUUID(), tenant: 't', payload: 1 }
    const run = async (claim: unknown) => {
      await transact(claim as never, [order(request.key)], { ordered: true })
      throw new Error('after the commit')
    }
    expect(await quietly(() => pay(request, run))).toEqual({ value: { ordered: true }, status: 'created' })
    expect(await hasOrder(request.key)).toBe(true)
    expect(await pay(request, run)).toEqual({ value: { ordered: true }, status: 'replayed' })
  })

  test('I31: so does a one-shot write, also after it was written', async () => {
    const write = onceWrite({ store, operation: 'orders', runtime: patientRuntime })
    const request = { key: randomUUID(), tenant: 't', payload: 1 }
    const plan = () => ({ items: [order(request.key)], answer: 'ordered', refused: () => 'exists' })
    expect(await write(request, plan)).toEqual({ value: 'ordered', status: 'created' })
    expect(await write(request, plan)).toEqual({ value: 'ordered', status: 'replayed' })
  })

  test('a transaction must not write to a record', async () => {
    const pay = once({ store, operation: 'orders', runtime: patientRuntime })
    const request = { key: randomUUID(), tenant: 't', payload: 1 }
    const item = { Delete: { TableName: tableName, Key: keyIn('orders#x') } }
    const run = (claim: unknown) => transact(claim as never, [item], 1)
    await expect(pay(request, run)).rejects.toThrow(/items\[0\] writes to a record of lambda-once in "shop-/)
  })
})

test('golden vector: one record under the names of the table', () => {
  const names = { ...SHOP_KEYS, ttl: SHOP_KEYS.ttlAttribute }
  const record: Item = { pk: { S: 'orders#abc' }, status: { S: 'SUCCEEDED' }, expiresAt: { N: '1800000000' } }
  const item: Item = {
    PK: { S: 'IDEM#orders#abc' },
    SK: { S: 'IDEMPOTENCY' },
    status: { S: 'SUCCEEDED' },
    ttl: { N: '1800000000' },
  }
  expect(asInTable(names, record)).toEqual(item)
  expect(asRecord(names, item)).toEqual(record)
  expect(asRecord(names, { ...item, SK: { S: 'ORDER' } })).not.toHaveProperty('pk')
})

test('the room for an outcome counts the longer names', () => {
  const plain = dynamoDbStore({ tableName: 'shop', client: testClient() })
  const renamed = dynamoDbStore({ tableName: 'shop', client: testClient(), keys: tableKeys(SHOP_KEYS) })
  const more = 'PK'.length + 'IDEM#'.length + 'SKIDEMPOTENCY'.length + 'ttl'.length - 'pkexpiresAt'.length
  const claim = aClaim()
  expect(renamed.outcomeRoom(claim).besideBytes - plain.outcomeRoom(claim).besideBytes).toBe(more)
})

describe('Options that cannot be right are refused', () => {
  test.each<[string, unknown, RegExp]>([
    ['a name that is no text', { partition: 5 }, /"partition" is 5; it must be the name of an attribute/],
    ['an empty name', { ttlAttribute: '' }, /"ttlAttribute"/],
    ['an empty prefix', { prefix: '' }, /"prefix"/],
    [
      'a prefix that IAM takes for a pattern',
      { prefix: 'IDEM*' },
      /"prefix" is "IDEM\*"; it must be .* without \* \? \$/,
    ],
    ['a sort key without a value', { sort: { name: 'SK' } }, /"sort"/],
    ['a sort key with another member', { sort: { name: 'SK', value: 'a', type: 'S' } }, /"sort"/],
    ['the name of another attribute', { ttlAttribute: 'status' }, /"ttlAttribute" is "status", which is the name of/],
    ['one name for two attributes', { partition: 'PK', ttlAttribute: 'PK' }, /"ttlAttribute" is "PK"; it must not be/],
    ['an unknown option', { sortKey: 'SK' }, /sortKey/],
  ])('%s', (_, options, message) => {
    expect(() => tableKeys(options as never)).toThrow(OptionError)
    expect(() => tableKeys(options as never)).toThrow(message)
  })

  test('keys that tableKeys did not make', () => {
    expect(() => dynamoDbStore({ tableName: 'shop', keys: { partition: 'PK' } as never })).toThrow(/"keys".*tableKeys/)
  })
})
