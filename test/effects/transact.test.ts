import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { ClaimLostError, transact } from '../../lib/effects/index.ts'
import type { HandlerClaim } from '../../lib/index.ts'
import { failAfter, resetAfter, resetBefore, tokenMismatch } from '../support/fault-proxy.ts'
import { gate } from '../support/http-harness.ts'
import { aRequest, ending, openScene, recordKeyOf, type Scene, UNHURRIED } from '../support/scene.ts'
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

const ordering = (id: string) => async (claim: Claim) => {
  const done = await transact(claim, [shop.order(id)], { id })
  return done.kind === 'committed' ? done.answer : { soldOut: id }
}

const sendsOf = (step: string) => scene.proxy.seen.filter((seen) => seen.step === step).length

describe('I23 A transaction', () => {
  test('stores the rows and the answer together, and a retry gets the answer', async () => {
    const request = aRequest()
    const id = aName()
    const host = scene.host('one')
    expect(await host.once(request, ordering(id))).toEqual({ value: { id }, status: 'created' })
    expect(await shop.has(id)).toBe(true)
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'SUCCEEDED', revision: 2 })
    expect(host.eventTypes()).toEqual(['claimed', 'completed'])
    expect(scene.proxy.seen.map(({ step }) => step)).toEqual(['claim', 'commit'])
    expect(await scene.host('two').once(request, ordering(id))).toEqual({ value: { id }, status: 'replayed' })
  })

  test('that is not awaited is committed before the claim ends', async () => {
    const request = aRequest()
    const id = aName()
    const ran = await scene.host('one').once(request, (claim) => {
      void transact(claim, [shop.order(id)], { id })
      return 'of the handler'
    })
    expect(ran).toEqual({ value: { id }, status: 'created' })
    expect(await shop.has(id)).toBe(true)
  })

  test('stores what JSON keeps of the answer, and the first caller gets the same', async () => {
    const request = aRequest()
    const at = new Date(0)
    const host = scene.host('one')
    const handler = async (claim: Claim) => {
      await transact(claim, [shop.order(aName())], { at, gone: undefined })
    }
    const value = { at: at.toISOString() }
    expect(await host.once(request, handler)).toStrictEqual({ value, status: 'created' })
    expect(await host.once(request, handler)).toStrictEqual({ value, status: 'replayed' })
  })

  /** Random, so that packing does not make it fit. */
  const LARGE = randomBytes(500_000).toString('base64')

  test.each([
    ['not JSON', () => ({ total: 10n })],
    ['too large', () => ({ text: LARGE })],
  ])('whose answer is %s is committed: the first caller gets it, and a retry replay-unavailable', async (_, make) => {
    const request = aRequest()
    const id = aName()
    const answer: unknown = make()
    const handler = async (claim: Claim) => {
      await transact(claim, [shop.order(id)], answer)
      return { another: 'answer' }
    }
    const { value, status } = await scene.host('one').once(request, handler)
    expect([isDeepStrictEqual(value, answer), status]).toEqual([true, 'created'])
    expect(await shop.has(id)).toBe(true)
    await expect(scene.host('two').once(request, handler)).rejects.toMatchObject({ code: 'replay-unavailable' })
  })
})

test('I23 a transaction that begins after the handler has ended is not sent', async () => {
  const request = aRequest()
  let late: Promise<unknown> | undefined
  const host = scene.host('one')
  const handlerEnded = gate()
  await host.once(request, (claim) => {
    late = handlerEnded.opened.then(() => ending(transact(claim, [shop.order(aName())], 1)))
    return 'done'
  })
  handlerEnded.open()
  expect(await late).toEqual({ error: expect.any(ClaimLostError) })
  expect(sendsOf('commit')).toBe(0)
})

describe('I24 The first send is applied, and the commit itself makes a condition of the handler false:', () => {
  test.each([
    ['its connection breaks', resetAfter],
    ['its answer is a 500', failAfter],
    // The same token is answered with success, so only another one shows the conditions.
    ['its token is taken for another request’s', { ...tokenMismatch, apply: 'now' as const }],
  ])('%s, and the next send finds the commit', async (_, fault) => {
    const request = aRequest()
    const [id, article] = [aName(), aName('article')]
    await shop.stock(article, 1)
    scene.proxy.script({ step: 'commit', nth: 1, fault })
    const host = scene.host('one')
    const ran = await host.once(request, async (claim) => {
      const done = await transact(claim, [shop.order(id), shop.take(article)], { id })
      return done.kind
    })
    expect(ran).toEqual({ value: { id }, status: 'created' })
    expect(await shop.left(article)).toBe(0)
    expect(sendsOf('commit')).toBeGreaterThan(1)
    expect(host.eventTypes()).toEqual(['claimed', 'completed'])
  })

  test('the client gives up, and the next call of the store finds the commit', async () => {
    const request = aRequest()
    const id = aName()
    scene.proxy.script({ step: 'commit', nth: 1, fault: resetAfter }, { step: 'commit', nth: 2, fault: resetBefore })
    expect(await scene.host('one').once(request, ordering(id))).toEqual({ value: { id }, status: 'created' })
    expect(sendsOf('commit')).toBe(3)
  })
})
