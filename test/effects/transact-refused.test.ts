import { ClaimLostError, step, type Transacted, transact } from '../../lib/effects/index.ts'
import { type HandlerClaim, NotDoneError, type OnceRequest, TerminalError } from '../../lib/index.ts'
import { arrivesLate, resetBefore } from '../support/fault-proxy.ts'
import { quietly } from '../support/http-harness.ts'
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

describe('I25 A condition that does not hold', () => {
  test('refuses, with a reason for each item in their order, and the stored item if it is asked for', async () => {
    const request = aRequest()
    const [id, taken, article] = [aName(), aName(), aName('article')]
    await scene.host('other').once(aRequest(), (claim) => transact(claim, [shop.order(taken)], 0))
    await shop.stock(article, 0)
    let refused: Transacted<unknown> | undefined
    await scene.host('one').once(request, async (claim) => {
      refused = await transact(claim, [shop.order(id), shop.take(article), shop.order(taken)], { id })
    })
    expect(refused).toEqual({
      kind: 'refused',
      reasons: [
        undefined,
        {
          code: 'ConditionalCheckFailed',
          message: expect.any(String),
          item: { pk: { S: article }, pieces: { N: '0' } },
        },
        { code: 'ConditionalCheckFailed', message: expect.any(String) },
      ],
    })
    expect(await shop.has(id)).toBe(false)
  })

  test('leaves the claim as it was: the handler may release it, and then another payload runs', async () => {
    const request = aRequest()
    const article = aName('article')
    await shop.stock(article, 0)
    const soldOut = async (claim: Claim) => {
      const done = await transact(claim, [shop.take(article)], 'ordered')
      if (done.kind === 'refused') throw new NotDoneError('sold out')
    }
    const host = scene.host('one')
    expect(await ending(host.once(request, soldOut))).toEqual({ error: expect.any(NotDoneError) })
    expect((await scene.read(recordKeyOf(request)))?.status).toBe('RELEASED')
    expect(host.eventTypes()).toEqual(['claimed', 'released'])
    const other = { ...request, payload: { amount: 5 } }
    await shop.stock(article, 1)
    expect(await scene.host('two').once(other, soldOut)).toEqual({ value: 'ordered', status: 'created' })
  })

  test('lets the handler write something else under the same claim', async () => {
    const request = aRequest()
    const [id, article] = [aName(), aName('article')]
    await shop.stock(article, 0)
    const ran = await scene.host('one').once(request, async (claim) => {
      const first = await transact(claim, [shop.take(article)], 'ordered')
      if (first.kind === 'refused') await transact(claim, [shop.order(id)], 'on the waiting list')
    })
    expect(ran).toEqual({ value: 'on the waiting list', status: 'created' })
    expect(await shop.has(id)).toBe(true)
  })
})

/** The first send is on its way while the second is refused. After that its condition holds again. */
const refusedInDoubt = async (claim: Claim, article: string, answer: unknown): Promise<void> => {
  await shop.stock(article, 0)
  const done = await transact(claim, [shop.take(article)], answer)
  expect(done.kind).toBe('refused')
  await shop.stock(article, 1)
}

const firstSendIsLate = { step: 'commit', nth: 1, fault: arrivesLate } as const

describe('I26 Two transactions of one claim, the first refused by its second send while its first is under way:', () => {
  test('the first send arrives before the second transaction: it is the one commit', async () => {
    const request = aRequest()
    const [id, article] = [aName(), aName('article')]
    scene.proxy.script(firstSendIsLate)
    const host = scene.host('one')
    let second: unknown
    const ran = await host.once(request, async (claim) => {
      await refusedInDoubt(claim, article, 'first')
      expect(await scene.proxy.deliver()).toEqual([200])
      second = await ending(transact(claim, [shop.order(id)], 'second'))
      return 'of the handler'
    })
    expect(second).toEqual({ error: expect.any(ClaimLostError) })
    expect(ran).toEqual({ value: 'first', status: 'replayed' })
    expect([await shop.left(article), await shop.has(id)]).toEqual([0, false])
    expect(await scene.host('two').once(request, () => 'again')).toEqual({ value: 'first', status: 'replayed' })
    expect(host.eventTypes()).not.toContain('lost')
  })

  test('the first send arrives between the sends of the second transaction: it is the one commit', async () => {
    const request = aRequest()
    const [id, article] = [aName(), aName('article')]
    const first = async () => expect(await scene.proxy.deliver()).toEqual([200])
    scene.proxy.script(
      firstSendIsLate,
      { step: 'commit', nth: 3, fault: resetBefore },
      { step: 'commit', nth: 4, fault: { first } },
    )
    const ran = await scene
      .host('one')
      .once(request, async (claim) => {
        await refusedInDoubt(claim, article, 'first')
        await transact(claim, [shop.order(id)], 'second')
        return 'of the handler'
      })
      .catch((error: unknown) => error)
    expect(ran).toEqual({ value: 'first', status: 'replayed' })
    expect([await shop.left(article), await shop.has(id)]).toEqual([0, false])
    expect(await scene.host('two').once(request, () => 'again')).toEqual({ value: 'first', status: 'replayed' })
  })

  test('the first send arrives after the second transaction: the second is the one commit', async () => {
    const request = aRequest()
    const [id, article] = [aName(), aName('article')]
    scene.proxy.script(firstSendIsLate)
    const ran = await scene.host('one').once(request, async (claim) => {
      await refusedInDoubt(claim, article, 'first')
      await transact(claim, [shop.order(id)], 'second')
      expect(await scene.proxy.deliver()).toEqual([400])
    })
    expect(ran).toEqual({ value: 'second', status: 'created' })
    expect([await shop.left(article), await shop.has(id)]).toEqual([1, true])
    expect(await scene.host('two').once(request, () => 'again')).toEqual({ value: 'second', status: 'replayed' })
  })

  test('both have the same answer, in the same millisecond: the second does not take the first for its own', async () => {
    const request = aRequest()
    const [id, article] = [aName(), aName('article')]
    scene.proxy.script(firstSendIsLate)
    let second: unknown
    const ran = await scene.host('one').once(request, async (claim) => {
      await refusedInDoubt(claim, article, 'ordered')
      expect(await scene.proxy.deliver()).toEqual([200])
      second = await ending(transact(claim, [shop.order(id)], 'ordered'))
    })
    expect(second).toEqual({ error: expect.any(ClaimLostError) })
    expect(ran).toEqual({ value: 'ordered', status: 'replayed' })
    expect([await shop.left(article), await shop.has(id)]).toEqual([0, false])
  })

  test('both are refused, and the first send arrives after the release: nothing is committed', async () => {
    const request = aRequest()
    const article = aName('article')
    scene.proxy.script(firstSendIsLate, { step: 'commit', nth: 3, fault: arrivesLate })
    const ran = await ending(
      scene.host('one').once(request, async (claim) => {
        await refusedInDoubt(claim, article, 'first')
        await refusedInDoubt(claim, article, 'second')
        throw new NotDoneError('sold out')
      }),
    )
    expect(ran).toEqual({ error: expect.any(NotDoneError) })
    expect(await scene.proxy.deliver()).toEqual([400, 400])
    expect(await shop.left(article)).toBe(1)
    expect((await scene.read(recordKeyOf(request)))?.status).toBe('RELEASED')
  })
})

test('I32 a fenced end keeps the results of steps that were not stored before', async () => {
  const request = aRequest()
  const article = aName('article')
  let runs = 0
  const charge = (claim: Claim) => step(claim, 'charge', () => ++runs)
  scene.proxy.script(firstSendIsLate, { step: 'checkpoint', fault: resetBefore })
  await ending(
    scene.host('one').once(request, async (claim) => {
      await charge(claim)
      await refusedInDoubt(claim, article, 'ordered')
      throw new RangeError('sold out')
    }),
  )
  expect(await scene.proxy.deliver()).toEqual([400])
  scene.proxy.script()
  const ran = await scene.host('two').once(request, async (claim) => {
    await charge(claim)
    await transact(claim, [shop.take(article)], 'ordered')
  })
  expect(ran).toEqual({ value: 'ordered', status: 'created' })
  expect(runs).toBe(1)
})

/** Another invocation has died under this request's key. */
const leaveInDoubt = async (request: OnceRequest): Promise<void> => {
  await ending(scene.host('crashed').once(request, () => Promise.reject(new TypeError('the socket broke'))))
}

const ENDINGS = [
  ['an answer of its own', () => 'sold out'],
  [
    'a NotDoneError',
    async () => {
      throw new NotDoneError('sold out')
    },
  ],
  [
    'a TerminalError',
    () => {
      throw new TerminalError('sold out')
    },
  ],
  [
    'a throw',
    () => {
      throw new RangeError('sold out')
    },
  ],
] as const

describe.each([
  ['of a first claim', async () => {}],
  ['of a claim in doubt', leaveInDoubt],
])('I32 The first send of a refused transaction %s is under way, and the handler ends with', (_, prepare) => {
  test.each(ENDINGS)('%s: the end fences it, so what the caller is told stays true', async (_, end) => {
    const request = aRequest()
    const article = aName('article')
    await prepare(request)
    scene.proxy.script(firstSendIsLate)
    const told = await ending(
      scene.host('one').once(request, async (claim) => {
        await refusedInDoubt(claim, article, 'ordered')
        return end()
      }),
    )
    expect(JSON.stringify('value' in told ? told.value : String(told.error))).toContain('sold out')
    const record = await scene.read(recordKeyOf(request))
    expect(await scene.proxy.deliver()).toEqual([400])
    expect(await shop.left(article)).toBe(1)
    expect(await scene.read(recordKeyOf(request))).toEqual(record)
  })

  test.each(ENDINGS)('%s, but the send arrives first: the caller gets the committed answer', async (_, end) => {
    const request = aRequest()
    const article = aName('article')
    await prepare(request)
    scene.proxy.script(firstSendIsLate)
    const host = scene.host('one')
    const ordering = async (claim: Claim) => {
      await refusedInDoubt(claim, article, 'ordered')
      expect(await scene.proxy.deliver()).toEqual([200])
      return end()
    }
    const told = await quietly(() => ending(host.once(request, ordering)))
    expect(told).toEqual({ value: { value: 'ordered', status: 'replayed' } })
    expect(await shop.left(article)).toBe(0)
    expect(host.eventTypes()).not.toContain('lost')
  })

  test.each(ENDINGS)(
    '%s, and this end cannot be written: the caller gets 503, and the commit stands',
    async (_, end) => {
      const request = aRequest()
      const article = aName('article')
      await prepare(request)
      const lost = (['complete', 'release', 'abandon'] as const).map((step) => ({ step, fault: resetBefore }))
      scene.proxy.script(firstSendIsLate, ...lost)
      const ordering = async (claim: Claim) => {
        await refusedInDoubt(claim, article, 'ordered')
        return end()
      }
      const told = await quietly(() => ending(scene.host('one').once(request, ordering)))
      expect(told).toEqual({ error: expect.objectContaining({ code: 'idempotency-unavailable' }) })
      expect(await scene.proxy.deliver()).toEqual([200])
      expect(await scene.host('two').once(request, () => 'again')).toEqual({ value: 'ordered', status: 'replayed' })
    },
  )
})
