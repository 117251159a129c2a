import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import type { Store } from '../../lib/index.ts'
import { BOUNDED_CLIENT, ownItemClient, sdkItemClient } from '../../lib/stores/dynamodb/sdk-client.ts'
import { itemStore } from '../../lib/stores/dynamodb/store.ts'
import { aClaim, completed, unhurried } from '../support/claims.ts'
import { CREDENTIALS, freshTable, REGION } from '../support/dynamodb.ts'
import { type FaultProxy, faultProxy, resetBefore, timeoutBefore } from '../support/fault-proxy.ts'

let proxy: FaultProxy
let tableName: string
beforeAll(async () => {
  tableName = await freshTable()
  proxy = await faultProxy()
})
beforeEach(() => proxy.script())
afterAll(() => proxy.close())

const settings = () => ({ endpoint: proxy.endpoint, region: REGION, credentials: CREDENTIALS })
const userClient = () => new DynamoDBClient({ ...BOUNDED_CLIENT, ...settings() })
const storeOver = (client: DynamoDBClient): Store =>
  itemStore({ tableName, client: sdkItemClient(client), skewSeconds: 2 })

const STORES: readonly (readonly [string, () => Store])[] = [
  ['The layer’s own client', () => itemStore({ tableName, client: ownItemClient(settings()), skewSeconds: 2 })],
  ['A client of the user’s', () => storeOver(userClient())],
]

test.each(STORES)('%s ends each call with its own signal, and no other call with it.', async (_, open) => {
  const store = open()
  const claims = Array.from({ length: 4 }, () => aClaim())
  for (const claim of claims) await store.claim(claim, unhurried)
  proxy.script({ step: 'complete', nth: 1, fault: timeoutBefore }, { step: 'complete', nth: 3, fault: timeoutBefore })
  const controllers = claims.map(() => new AbortController())
  const started = Date.now()
  const answers = claims.map((claim, index) =>
    store.settle(claim, completed(), controllers[index]?.signal ?? unhurried),
  )
  while (proxy.seen.length < 4) await new Promise(setImmediate)
  for (const controller of controllers) setTimeout(() => controller.abort(), 100)
  const kinds = await Promise.all(
    answers.map((answer) =>
      answer.then(
        ({ kind }) => kind,
        (error: Error) => error.name,
      ),
    ),
  )
  expect([...kinds].sort()).toEqual(['StoreUnavailable', 'StoreUnavailable', 'settled', 'settled'])
  expect(Date.now() - started).toBeLessThan(600) // the client's own time-out is 900 ms
  expect(proxy.seen).toHaveLength(4) // what was given up is not sent again
})

test.each(STORES)('%s does not send a request whose signal has aborted before.', async (_, open) => {
  const store = open()
  await store.claim(aClaim(), unhurried)
  proxy.script()
  await expect(store.claim(aClaim(), AbortSignal.abort())).rejects.toMatchObject({ name: 'StoreUnavailable' })
  expect(proxy.seen).toHaveLength(0)
})

test.each(STORES)('%s is not ended for good by a first call that was given up.', async (_, open) => {
  const store = open()
  await expect(store.claim(aClaim(), AbortSignal.abort())).rejects.toMatchObject({ name: 'StoreUnavailable' })
  const controller = new AbortController()
  await store.claim(aClaim(), controller.signal)
  controller.abort()
  proxy.script({ step: 'claim', nth: 1, fault: resetBefore })
  await expect(store.claim(aClaim(), unhurried)).resolves.toEqual({ kind: 'claimed' })
  expect(proxy.seen).toHaveLength(2)
})

test('Each call goes through the middlewares that the user’s client has, first to last.', async () => {
  const client = userClient()
  const met: string[] = []
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        met.push(`initialize ${commandName}`)
        return next(args)
      },
    { step: 'initialize' },
  )
  client.middlewareStack.add(
    (next) => async (args) => {
      met.push('deserialize')
      return next(args)
    },
    { step: 'deserialize', priority: 'low' },
  )
  const store = storeOver(client)
  for (const claim of [aClaim(), aClaim()]) {
    await store.claim(claim, unhurried)
    await store.settle(claim, completed(), unhurried)
  }
  const once = ['initialize PutItemCommand', 'deserialize', 'initialize UpdateItemCommand', 'deserialize']
  expect(met).toEqual([...once, ...once])
})

test('Whatever stands in for the client’s send gets the command, its input and its signal.', async () => {
  const sent: { readonly command: unknown; readonly signal: unknown }[] = []
  const send = async (command: unknown, options?: { abortSignal?: unknown }) => {
    sent.push({ command, signal: options?.abortSignal })
    return { $metadata: {} }
  }
  const store = itemStore({
    tableName,
    client: sdkItemClient({ send: send as unknown as DynamoDBClient['send'] }),
    skewSeconds: 2,
  })
  const claim = aClaim()
  await store.claim(claim, unhurried)
  await store.settle(claim, completed(), unhurried)
  expect(sent).toEqual([
    { command: expect.any(PutItemCommand), signal: unhurried },
    { command: expect.any(UpdateItemCommand), signal: unhurried },
  ])
  expect(sent[0]?.command).toHaveProperty('input.Item.pk.S', claim.recordKey)
})

test('A client that two stores share serves both.', async () => {
  const client = userClient()
  const [one, other] = [storeOver(client), storeOver(client)]
  const claim = aClaim()
  await expect(one.claim(claim, unhurried)).resolves.toEqual({ kind: 'claimed' })
  await expect(other.claim(aClaim({ recordKey: claim.recordKey }), unhurried)).resolves.toMatchObject({
    kind: 'occupied',
  })
})
