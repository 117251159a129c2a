import { randomUUID } from 'node:crypto'
import {
  type AttributeDefinition,
  CreateTableCommand,
  type KeySchemaElement,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { StoreMisconfiguredError, StoreUnavailableError } from '../../lib/core/errors.ts'
import { recordOf } from '../../lib/core/record/claim.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { fromSeconds, millis } from '../../lib/core/time.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import type { ItemClient } from '../../lib/dynamodb/item-client.ts'
import { itemStore } from '../../lib/dynamodb/item-store.ts'
import { aClaim, aTakeOver, completed, NOW, renewal, unhurried } from '../support/claims.ts'
import { freshTable, readItem, testClient } from '../support/dynamodb.ts'
import {
  arrivesLate,
  denied,
  type Fault,
  type FaultProxy,
  failAfter,
  failBefore,
  faultProxy,
  resetAfter,
  throttled,
  throughputExceeded,
  timeoutAfter,
  transactionConflict,
} from '../support/fault-proxy.ts'
import { startStopwatch } from '../support/stopwatch.ts'
import { testStore } from '../support/test-store.ts'

/**
 * A time of the store's clock that differs from this host's, with milliseconds, which the header omits. It differs by less
 * than 4 minutes: beyond that the SDK corrects its own clock and sends every refused request again.
 */
const STORE_TIME = Math.floor(Date.now() / 1_000) * 1_000 + 60_789

let tableName: string
let proxy: FaultProxy
let store: Store

beforeAll(async () => {
  tableName = await freshTable()
  proxy = await faultProxy({ storeTime: () => STORE_TIME })
  store = testStore({ tableName, endpoint: proxy.endpoint })
})
beforeEach(() => proxy.script())
afterAll(() => proxy.close())

/** Every call of the store, each for a different record. */
const CALLS: readonly (readonly [string, (store: Store) => Promise<unknown>])[] = [
  ['claim', (to) => to.claim(aClaim(), unhurried)],
  ['takeOver', (to) => to.takeOver(recordOf(aClaim()), aTakeOver(recordOf(aClaim())), unhurried)],
  ['renew', (to) => to.renew(aClaim(), renewal(NOW + 90_000), unhurried)],
  ['settle', (to) => to.settle(aClaim(), completed(), unhurried)],
  ['peek', (to) => to.peek(aClaim().recordKey, unhurried)],
]

const tableWith = async (keys: Record<string, 'S' | 'N'>): Promise<string> => {
  const name = `test-${randomUUID()}`
  const AttributeDefinitions: AttributeDefinition[] = []
  const KeySchema: KeySchemaElement[] = []
  for (const [AttributeName, AttributeType] of Object.entries(keys)) {
    AttributeDefinitions.push({ AttributeName, AttributeType })
    KeySchema.push({ AttributeName, KeyType: KeySchema.length === 0 ? 'HASH' : 'RANGE' })
  }
  await testClient().send(
    new CreateTableCommand({ TableName: name, AttributeDefinitions, KeySchema, BillingMode: 'PAY_PER_REQUEST' }),
  )
  return name
}

describe('A misconfigured store fails with a message that says what to do:', () => {
  const refusal = async (call: (store: Store) => Promise<unknown>, table: string): Promise<string> => {
    const error = await call(testStore({ tableName: table })).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StoreMisconfiguredError)
    expect((error as StoreMisconfiguredError).code).toBe('store-misconfigured')
    return (error as StoreMisconfiguredError).message
  }

  test.each(CALLS)('no such table (%s)', async (_, call) => {
    expect(await refusal(call, 'no-such-table')).toMatch(
      /"no-such-table".*does not exist.*check tableName and AWS_REGION/,
    )
  })

  test.each(CALLS)('a table with a sort key (%s)', async (_, call) => {
    const table = await tableWith({ pk: 'S', sk: 'S' })
    expect(await refusal(call, table)).toMatch(/needs the partition key "pk" of type String and no sort key/)
  })

  test.each(CALLS)('a table whose partition key has another name (%s)', async (_, call) => {
    const table = await tableWith({ id: 'S' })
    expect(await refusal(call, table)).toMatch(/needs the partition key "pk" of type String/)
  })

  test.each(CALLS)('a table whose partition key is a number (%s)', async (_, call) => {
    const table = await tableWith({ pk: 'N' })
    expect(await refusal(call, table)).toMatch(/needs the partition key "pk" of type String/)
  })

  // DynamoDB Local checks no permissions, so the proxy gives DynamoDB's answer.
  test.each(CALLS)('a denied call (%s)', async (_, call) => {
    proxy.script({ fault: denied })
    const error = await call(store).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StoreMisconfiguredError)
    expect((error as Error).message).toMatch(/grant it dynamodb:GetItem, dynamodb:PutItem and dynamodb:UpdateItem/)
  })

  test.each([
    ['an item of another program', { note: { S: 'mine' } }, 'fingerprint'],
    ['a status of a later version', { status: { S: 'REFUNDED' } }, 'status'],
    ['a revision that is not a number', { revision: { S: '1' } }, 'revision'],
    ['a settled record without its outcome', { status: { S: 'SUCCEEDED' } }, 'outcome'],
  ])('%s under the record’s key', async (_, attributes, named) => {
    const claim = aClaim()
    const whole = named === 'fingerprint' ? {} : await itemOf(claim)
    await testClient().send(
      new PutItemCommand({ TableName: tableName, Item: { ...whole, pk: { S: claim.recordKey }, ...attributes } }),
    )
    for (const call of [
      () => store.claim(claim, unhurried),
      () => store.takeOver({ ...recordOf(claim), revision: 9 }, claim, unhurried),
      () => store.settle(aClaim({ recordKey: claim.recordKey }), completed(), unhurried),
      () => store.peek(claim.recordKey, unhurried),
    ]) {
      const error = await call().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(StoreMisconfiguredError)
      expect((error as Error).message).toContain(`"${named}"`)
      expect((error as Error).message).toContain('Give lambda-once its own table.')
    }
  })

  /** The item of an equal claim under another key. */
  const itemOf = async (claim: ReturnType<typeof aClaim>) => {
    const twin = { ...aClaim(), fingerprint: claim.fingerprint }
    await store.claim(twin, unhurried)
    return readItem(tableName, twin.recordKey)
  }
})

describe('A store that does not answer is unavailable:', () => {
  test.each<[string, Fault]>([
    ['the connection breaks', resetAfter],
    ['500', failAfter],
    ['no answer in time', timeoutAfter],
    ['provisioned throughput exceeded', throughputExceeded],
    ['throttled', throttled],
  ])('%s', async (_, fault) => {
    proxy.script({ fault })
    const bounded = testStore({ tableName, endpoint: proxy.endpoint, timeout: millis(100) })
    const error = await bounded.claim(aClaim(), unhurried).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StoreUnavailableError)
    expect(proxy.seen).toHaveLength(2)
  })

  test('no server listens at the endpoint', async () => {
    const closed = await faultProxy()
    await closed.close()
    const unreachable = testStore({ tableName, endpoint: closed.endpoint })
    for (const [, call] of CALLS) await expect(call(unreachable)).rejects.toBeInstanceOf(StoreUnavailableError)
  })

  test.each([
    [{ name: 'Error', code: 'ECONNREFUSED' }, '(ECONNREFUSED)'],
    [{ name: 'TimeoutError' }, '(TimeoutError)'],
    [{ name: 'AbortError', code: 20 }, '(AbortError)'],
  ])('and its message names what happened: %p', async (fault, named) => {
    const client = {
      putItem: () => Promise.reject(Object.assign(new Error('no answer'), fault)),
    } as unknown as ItemClient
    const failing = itemStore({ tableName, client, skewSeconds: 2 })
    await expect(failing.claim(aClaim(), unhurried)).rejects.toThrow(named)
  })

  test.each(CALLS)('9. the caller gives up during the request (%s)', async (_, call) => {
    proxy.script({ fault: timeoutAfter })
    const controller = new AbortController()
    const impatient: Store = new Proxy(store, {
      get: (target, name: keyof Store) =>
        typeof target[name] === 'function'
          ? (...args: unknown[]) =>
              (target[name] as (...given: unknown[]) => unknown)(
                ...args.map((value) => (value === unhurried ? controller.signal : value)),
              )
          : target[name],
    })
    setTimeout(() => controller.abort(), 60)
    const watch = startStopwatch()
    await expect(call(impatient)).rejects.toBeInstanceOf(StoreUnavailableError)
    expect(watch.stop()).toBeLessThan(600) // the client's own timeout is 900 ms
  })
})

describe('A transaction that holds the item', () => {
  test('makes the store wait and send the write again', async () => {
    proxy.script(...[1, 2, 3, 4].map((nth) => ({ step: 'claim' as const, nth, fault: transactionConflict })))
    expect(await store.claim(aClaim(), unhurried)).toEqual({ kind: 'claimed' })
    expect(proxy.seen).toHaveLength(5)
  })

  test('for longer than five sends makes a claim and a take-over contended', async () => {
    proxy.script({ fault: transactionConflict })
    expect(await store.claim(aClaim(), unhurried)).toEqual({ kind: 'contended' })
    expect(proxy.seen).toHaveLength(5)
    const seen = recordOf(aClaim())
    expect(await store.takeOver(seen, aTakeOver(seen), unhurried)).toEqual({ kind: 'contended' })
    expect(proxy.seen).toHaveLength(10)
  })

  test('makes a claim contended, too, if no later send gets an answer', async () => {
    proxy.script({ nth: 1, fault: transactionConflict }, { fault: failBefore })
    expect(await store.claim(aClaim(), unhurried)).toEqual({ kind: 'contended' })
    expect(proxy.seen).toHaveLength(3)
  })

  test('for longer than five sends makes the store unavailable to an owner, which may try again', async () => {
    proxy.script({ fault: transactionConflict })
    await expect(store.settle(aClaim(), completed(), unhurried)).rejects.toBeInstanceOf(StoreUnavailableError)
    expect(proxy.seen).toHaveLength(5)
  })

  test('and then lets go does not hide an earlier send of the same write', async () => {
    const claim = aClaim()
    // The first send breaks off and is applied; the second meets a transaction; the third meets the first.
    proxy.script({ step: 'claim', nth: 1, fault: resetAfter }, { step: 'claim', nth: 2, fault: transactionConflict })
    expect(await store.claim(claim, unhurried)).toEqual({ kind: 'claimed' })
    expect(proxy.seen).toHaveLength(3)
  })
})

test('A refusal carries the store’s own time, from the Date header, to the second.', async () => {
  const claim = aClaim()
  await store.claim(claim, unhurried)
  const truncated = STORE_TIME - (STORE_TIME % 1_000)
  const seen = { ...recordOf(claim), revision: 7 }
  const expected = { kind: 'occupied', record: recordOf(claim), storeTime: truncated }
  expect(await store.claim(aClaim({ recordKey: claim.recordKey }), unhurried)).toEqual(expected)
  expect(await store.takeOver(seen, aTakeOver(seen), unhurried)).toEqual(expected)
})

test('A refusal of your own client without a Date header carries no time.', async () => {
  const claim = aClaim()
  await store.claim(claim, unhurried)
  const item = await readItem(tableName, claim.recordKey)
  const refuse = () =>
    Promise.reject(Object.assign(new Error(), { name: 'ConditionalCheckFailedException', Item: item }))
  const plain = dynamoDbStore({ tableName, client: { putItem: refuse, updateItem: refuse, getItem: refuse } })
  const answer = await plain.claim(aClaim({ recordKey: claim.recordKey }), unhurried)
  expect(answer).toEqual({ kind: 'occupied', record: recordOf(claim) })
})

test('A claim with a late duplicate is written once.', async () => {
  const claim = aClaim()
  proxy.script({ step: 'claim', nth: 1, fault: arrivesLate })
  expect(await store.claim(claim, unhurried)).toEqual({ kind: 'claimed' })
  const before = await readItem(tableName, claim.recordKey)
  expect(await proxy.deliver()).toEqual([400])
  expect(await readItem(tableName, claim.recordKey)).toEqual(before)
})

test.each([
  [undefined, 2],
  [0, 0],
  [60, 60],
])('The skew is an option: %p is %p s', (skewSeconds, seconds) => {
  const client = testClient()
  const made = dynamoDbStore({ tableName, client, ...(skewSeconds === undefined ? {} : { skewSeconds }) })
  expect(made.skew).toBe(fromSeconds(seconds))
})

test.each([
  [{ tableName: undefined }, /"tableName".*is its environment variable set/],
  [{ tableName: 'no' }, /"tableName".*3 to 255/],
  [{ tableName: 'table', client: {} }, /"client".*DynamoDBClient/],
  [{ tableName: 'table', skewSeconds: 61 }, /"skewSeconds".*0 to 60/],
  [{ tableName: 'table', ttl: 5 }, /"ttl".*not known/],
])('Options that cannot be right are refused at construction: %j', (options, message) => {
  expect(() => dynamoDbStore(options as { tableName: string })).toThrow(message)
})
