import { StoreMisconfiguredError } from '../../lib/core/errors.ts'
import { recordOf } from '../../lib/core/record/claim.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { type DynamoDbStoreOptions, dynamoDbStore, type ItemClient } from '../../lib/dynamodb/index.ts'
import { itemStore } from '../../lib/dynamodb/item-store.ts'
import { sdkItemClient } from '../../lib/dynamodb/sdk/sdk-client.ts'
import { once } from '../../lib/index.ts'
import { abandoned, aClaim, aTakeOver, completed, NOW, released, renewal, unhurried } from '../support/claims.ts'
import { freshTable, readItem, testClient } from '../support/dynamodb.ts'

type Client = NonNullable<DynamoDbStoreOptions['client']>

/** Every call of the store, each for a different record. */
const CALLS: readonly (readonly [string, (store: Store) => Promise<unknown>])[] = [
  ['claim', (to) => to.claim(aClaim(), unhurried)],
  ['takeOver', (to) => to.takeOver(recordOf(aClaim()), aTakeOver(recordOf(aClaim())), unhurried)],
  ['renew', (to) => to.renew(aClaim(), renewal(NOW + 90_000), unhurried)],
  ['complete', (to) => to.settle(aClaim(), completed(), unhurried)],
  ['release', (to) => to.settle(aClaim(), released(), unhurried)],
  ['abandon', (to) => to.settle(aClaim(), abandoned(), unhurried)],
  ['peek', (to) => to.peek(aClaim().recordKey, unhurried)],
]

class Answered {
  readonly Attributes = {}
}

/** Values that some clients return and that are not outputs of DynamoDB. */
const NO_OUTPUTS: readonly (readonly [string, unknown])[] = [
  ['undefined, like a mock without behaviour', undefined],
  ['null', null],
  ['text', '{}'],
  ['a boolean', true],
  ['an unsent request, like the AWS SDK v2', { promise: () => Promise.resolve({}), send: () => {} }],
  ['an HTTP response', new Response('{}', { status: 400 })],
  ['an array', []],
  ['an error as a value', new Error('denied')],
  ['an object of a class', new Answered()],
  ['an error’s members', { __type: 'AccessDeniedException', message: 'no' }],
  ['members of another API', { data: {}, status: 200 }],
]

const bothClients = (answer: unknown): readonly Client[] => [
  { send: async () => answer } as unknown as Client,
  { putItem: () => answer, updateItem: () => answer, getItem: () => answer } as unknown as Client, // and not as a promise
]

describe.each(NO_OUTPUTS)('A client that returns %s is a misconfiguration', (_, answer) => {
  test.each(CALLS)('in %s', async (_name, call) => {
    for (const client of bothClients(answer)) {
      const error = await call(dynamoDbStore({ tableName: 'table', client })).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(StoreMisconfiguredError)
      expect((error as Error).message).toMatch(/"table".*client's answer \(\w+\) is no output of DynamoDB/)
    }
  })

  test('and the handler does not run', async () => {
    for (const client of bothClients(answer)) {
      let runs = 0
      const pay = once({ store: dynamoDbStore({ tableName: 'table', client }), operation: 'pay', observe: () => {} })
      const request = { key: 'k', tenant: 't', payload: 1 }
      await expect(pay(request, () => ++runs)).rejects.toMatchObject({ code: 'store-misconfigured', retryable: false })
      expect(runs).toBe(0)
    }
  })
})

test.each([
  ['no members', {}],
  ['metadata', { $metadata: {} }],
  ['metadata, and members of a later version', { $metadata: { httpStatusCode: 200 }, Later: 1 }],
  ['every member', { Attributes: {}, ConsumedCapacity: {}, ItemCollectionMetrics: {} }],
  ['no prototype', Object.create(null)],
])('An output with %s is accepted, also from a mock.', async (_, output) => {
  for (const client of bothClients(output)) {
    const store = dynamoDbStore({ tableName: 'table', client })
    await expect(store.claim(aClaim(), unhurried)).resolves.toEqual({ kind: 'claimed' })
    await expect(store.settle(aClaim(), completed(), unhurried)).resolves.toEqual({ kind: 'settled' })
    await expect(store.peek(aClaim().recordKey, unhurried)).resolves.toBeUndefined()
  }
})

test.each([null, undefined])('An item that is %s counts as absent.', async (item) => {
  const output = { Item: item }
  for (const client of bothClients(output)) {
    const store = dynamoDbStore({ tableName: 'table', client })
    await expect(store.peek(aClaim().recordKey, unhurried)).resolves.toBeUndefined()
  }
  const refuse = (): never => {
    throw Object.assign(new Error(), { name: 'ConditionalCheckFailedException', Item: item })
  }
  const store = dynamoDbStore({ tableName: 'table', client: { putItem: refuse, updateItem: refuse, getItem: refuse } })
  await expect(store.settle(aClaim(), completed(), unhurried)).resolves.toEqual({ kind: 'lost' })
})

test('A client that throws synchronously is treated like one that rejects.', async () => {
  const fail = (): never => {
    throw Object.assign(new Error('denied'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } })
  }
  const store = dynamoDbStore({ tableName: 'table', client: { putItem: fail, updateItem: fail, getItem: fail } })
  for (const [, call] of CALLS) await expect(call(store)).rejects.toBeInstanceOf(StoreMisconfiguredError)
})

describe('An emulator that does not return the item with a refusal', () => {
  /** DynamoDB without the parameter answers like an emulator that does not know it. */
  const withoutItems = ({ putItem, updateItem, getItem }: ItemClient): ItemClient => {
    const none = { ReturnValuesOnConditionCheckFailure: 'NONE' } as const
    return {
      putItem: (input, signal) => putItem({ ...input, ...none }, signal),
      updateItem: (input, signal) => updateItem({ ...input, ...none }, signal),
      getItem,
    }
  }
  let tableName: string
  let store: Store
  beforeAll(async () => {
    tableName = await freshTable()
    store = itemStore({ tableName, client: withoutItems(sdkItemClient(testClient())), skewSeconds: 2 })
  })

  test('is detected at the first refused claim, and the message says so', async () => {
    const claim = aClaim()
    await expect(store.claim(claim, unhurried)).resolves.toEqual({ kind: 'claimed' })
    const error = await store
      .claim(aClaim({ recordKey: claim.recordKey }), unhurried)
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StoreMisconfiguredError)
    expect((error as Error).message).toMatch(/emulator.*ReturnValuesOnConditionCheckFailure/)
  })

  test('makes a retry fail without a second run, and keeps the record unchanged', async () => {
    let runs = 0
    const pay = once({ store, operation: 'pay', observe: () => {} })
    const request = { key: 'k', tenant: 't', payload: 1 }
    await expect(pay(request, () => ++runs)).resolves.toMatchObject({ value: 1, status: 'created' })
    for (let retry = 0; retry < 2; retry++) {
      await expect(pay(request, () => ++runs)).rejects.toMatchObject({ code: 'store-misconfigured', retryable: false })
    }
    expect(runs).toBe(1)
  })

  test('makes a lost claim look like a deleted record', async () => {
    const claim = aClaim()
    await store.claim(claim, unhurried)
    const before = await readItem(tableName, claim.recordKey)
    const other = aClaim({ recordKey: claim.recordKey })
    const seen = { ...recordOf(claim), revision: 9 }
    await expect(store.takeOver(seen, aTakeOver(seen), unhurried)).resolves.toEqual({ kind: 'gone' })
    await expect(store.renew(other, renewal(NOW + 90_000), unhurried)).resolves.toEqual({ kind: 'lost' })
    await expect(store.settle(other, completed(), unhurried)).resolves.toEqual({ kind: 'lost' })
    expect(await readItem(tableName, claim.recordKey)).toEqual(before)
  })
})
