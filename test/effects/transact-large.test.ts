import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { transact } from '../../lib/effects/index.ts'
import type { HandlerClaim, Store } from '../../lib/index.ts'
import { largeAnswers } from '../../lib/s3/index.ts'
import { arrivesLate, resetAfter } from '../support/fault-proxy.ts'
import { aRequest, openScene, type Scene, UNHURRIED } from '../support/scene.ts'
import { aName, openShop, type Shop } from '../support/shop.ts'

let scene: Scene
let shop: Shop
let store: Store
const objects = new Map<string, Uint8Array>()
beforeAll(async () => {
  scene = await openScene(UNHURRIED)
  shop = await openShop()
  store = largeAnswers(scene.store, {
    put: async (key, bytes) => void objects.set(key, bytes),
    get: async (key) => objects.get(key),
  })
})
beforeEach(() => {
  scene.reset()
  objects.clear()
})
afterAll(() => scene.close())

type Claim = HandlerClaim | undefined

const large = () => ({ text: randomBytes(600_000).toString('base64') })

/** Short enough for the report of a test that fails. */
const seen = ({ value, status }: { value: unknown; status: string }, expected: unknown) => [
  isDeepStrictEqual(value, expected),
  status,
]

test('I34 a large answer of a transaction is kept apart, and replayed', async () => {
  const request = aRequest()
  const answer = large()
  scene.proxy.script({ step: 'commit', nth: 1, fault: resetAfter })
  const handler = async (claim: Claim) => {
    await transact(claim, [shop.order(aName())], answer)
  }
  expect(seen(await scene.host('one', { store }).once(request, handler), answer)).toEqual([true, 'created'])
  expect(seen(await scene.host('two', { store }).once(request, handler), answer)).toEqual([true, 'replayed'])
  expect(objects.size).toBe(1)
})

test('I32, I34 the large answer of a late commit is replayed, although the handler answered another large one', async () => {
  const request = aRequest()
  const article = aName('article')
  const [committed, another] = [large(), large()]
  scene.proxy.script({ step: 'commit', nth: 1, fault: arrivesLate })
  const handler = async (claim: Claim) => {
    await shop.stock(article, 0)
    expect((await transact(claim, [shop.take(article)], committed)).kind).toBe('refused')
    await shop.stock(article, 1)
    expect(await scene.proxy.deliver()).toEqual([200])
    return another
  }
  expect(seen(await scene.host('one', { store }).once(request, handler), committed)).toEqual([true, 'replayed'])
  expect(seen(await scene.host('two', { store }).once(request, handler), committed)).toEqual([true, 'replayed'])
})
