import { ownItemClient } from '../../lib/stores/dynamodb/sdk-client.ts'
import { itemStore } from '../../lib/stores/dynamodb/store.ts'
import { aClaim, completed, unhurried } from '../support/claims.ts'
import { CREDENTIALS, freshTable, REGION } from '../support/dynamodb.ts'
import { type FaultProxy, faultProxy, timeoutBefore } from '../support/fault-proxy.ts'

let proxy: FaultProxy
let tableName: string
beforeAll(async () => {
  tableName = await freshTable()
  proxy = await faultProxy()
})
beforeEach(() => proxy.script())
afterAll(() => proxy.close())

const ownStore = () =>
  itemStore({
    tableName,
    client: ownItemClient({ endpoint: proxy.endpoint, region: REGION, credentials: CREDENTIALS }),
    skewSeconds: 2,
  })

test('The layer’s own client ends each call with its own signal, and no other call with it.', async () => {
  const store = ownStore()
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

test('A signal that has aborted before keeps the request from being sent.', async () => {
  const store = ownStore()
  await store.claim(aClaim(), unhurried)
  proxy.script()
  await expect(store.claim(aClaim(), AbortSignal.abort())).rejects.toMatchObject({ name: 'StoreUnavailable' })
  expect(proxy.seen).toHaveLength(0)
})
