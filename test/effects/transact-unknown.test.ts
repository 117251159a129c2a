import { TransactionUnansweredError, transact } from '../../lib/effects/index.ts'
import type { HandlerClaim } from '../../lib/index.ts'
import { fakeClock } from '../support/fake-runtime.ts'
import { arrivesLate, resetAfter, resetBefore } from '../support/fault-proxy.ts'
import { errorsLogged, gate, quietly } from '../support/http-harness.ts'
import {
  aRequest,
  ending,
  LEASE,
  openScene,
  recordKeyOf,
  remaining,
  type Scene,
  SKEW,
  UNHURRIED,
} from '../support/scene.ts'
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

const unavailable = { error: expect.objectContaining({ code: 'idempotency-unavailable' }) }

/** What a handler may make of the rejection. */
const HANDLERS: readonly (readonly [string, (id: string) => (claim: Claim) => Promise<unknown>])[] = [
  ['lets it through', (id) => (claim) => transact(claim, [shop.order(id)], { id })],
  [
    'answers something of its own',
    (id) => async (claim) => {
      const done = await ending(transact(claim, [shop.order(id)], { id }))
      expect(done).toEqual({ error: expect.any(TransactionUnansweredError) })
      return { id: 'another' }
    },
  ],
  [
    'throws something of its own',
    (id) => async (claim) => {
      await ending(transact(claim, [shop.order(id)], { id }))
      throw new RangeError('of the handler')
    },
  ],
]

const noSendArrives = { step: 'commit', fault: resetBefore } as const
const noAnswerArrives = { step: 'commit', fault: resetAfter } as const
const everySendIsLate = { step: 'commit', fault: arrivesLate } as const

describe.each(HANDLERS)('I27 No send of a transaction is answered, and the handler %s:', (_, handler) => {
  test('none was applied: the caller gets 503, and a retry runs at once', async () => {
    const request = aRequest()
    const id = aName()
    scene.proxy.script(noSendArrives)
    const told = await quietly(() => ending(scene.host('one').once(request, handler(id))))
    expect(told).toEqual(unavailable)
    expect(await scene.read(recordKeyOf(request))).not.toHaveProperty('leaseExpiresAt', expect.anything())
    scene.proxy.script()
    const retry = await scene.host('two').once(request, async (claim) => {
      const done = await transact(claim, [shop.order(id)], { id })
      return done.kind
    })
    expect(retry).toEqual({ value: { id }, status: 'created' })
  })

  test('one was applied: the abandon finds it, and the caller gets the committed answer', async () => {
    const request = aRequest()
    const id = aName()
    // Only the first is applied and answered by nothing; the others are lost.
    scene.proxy.script({ ...noAnswerArrives, nth: 1 }, noSendArrives)
    const host = scene.host('one')
    const told = await quietly(() => ending(host.once(request, handler(id))))
    expect(told).toEqual({ value: { value: { id }, status: 'replayed' } })
    expect(await shop.has(id)).toBe(true)
    expect(host.eventTypes()).not.toContain('lost')
  })

  test('one was applied, and the abandon is not answered either: 503, and a retry is a replay', async () => {
    const request = aRequest()
    const id = aName()
    scene.proxy.script({ ...noAnswerArrives, nth: 1 }, noSendArrives, { step: 'abandon', fault: resetBefore })
    expect(await quietly(() => ending(scene.host('one').once(request, handler(id))))).toEqual(unavailable)
    scene.proxy.script()
    expect(await scene.host('two').once(request, () => 0)).toEqual({ value: { id }, status: 'replayed' })
  })

  test('one arrives before the retry: it is replayed', async () => {
    const request = aRequest()
    const id = aName()
    scene.proxy.script(everySendIsLate)
    expect(await quietly(() => ending(scene.host('one').once(request, handler(id))))).toEqual(unavailable)
    const [first, ...others] = await scene.proxy.deliver()
    expect(first).toBe(200)
    expect(new Set(others)).toEqual(new Set([200])) // the token makes them one
    expect(await scene.host('two').once(request, () => 0)).toEqual({ value: { id }, status: 'replayed' })
  })

  test('one arrives while a retry runs: it is refused, and the retry’s answer is stored', async () => {
    const request = aRequest()
    const id = aName()
    scene.proxy.script(everySendIsLate)
    expect(await quietly(() => ending(scene.host('one').once(request, handler(id))))).toEqual(unavailable)
    const retry = await scene.host('two').once(request, async () => {
      expect(new Set(await scene.proxy.deliver())).toEqual(new Set([400]))
      return 'of the retry'
    })
    expect(retry).toEqual({ value: 'of the retry', status: 'created' })
    expect(await shop.has(id)).toBe(false)
  })
})

test('I27 an error of the handler that its caller does not get is reported', async () => {
  const host = scene.host('one')
  scene.proxy.script(noSendArrives)
  const lines = await errorsLogged(async () => {
    await ending(
      host.once(aRequest(), async (claim) => {
        await ending(transact(claim, [shop.order(aName())], 1))
        throw new RangeError('of the handler')
      }),
    )
  })
  expect(lines.join()).toContain('of the handler')
  expect(host.events).toContainEqual(expect.objectContaining({ type: 'answerIgnored', error: 'RangeError' }))
})

test('I27 after it a second transaction may be committed, and that is the answer', async () => {
  const request = aRequest()
  const [first, second] = [aName(), aName()]
  scene.proxy.script(everySendIsLate)
  const ran = await scene.host('one').once(request, async (claim) => {
    await ending(transact(claim, [shop.order(first)], first))
    scene.proxy.script()
    await transact(claim, [shop.order(second)], second)
    expect(new Set(await scene.proxy.deliver())).toEqual(new Set([400]))
  })
  expect(ran).toEqual({ value: second, status: 'created' })
  expect([await shop.has(first), await shop.has(second)]).toEqual([false, true])
})

test('I27 after it a second transaction that is refused does not make the first one known: 503', async () => {
  const request = aRequest()
  const article = aName('article')
  await shop.stock(article, 0)
  scene.proxy.script(everySendIsLate)
  const told = await ending(
    scene.host('one').once(request, async (claim) => {
      await ending(transact(claim, [shop.order(aName())], 'first'))
      scene.proxy.script()
      const done = await transact(claim, [shop.take(article)], 'second')
      return done.kind
    }),
  )
  expect(told).toEqual(unavailable)
})

test('I27 the record is gone: the caller gets 503, never an answer of the handler', async () => {
  const request = aRequest()
  const told = await ending(
    scene.host('one').once(request, async (claim) => {
      await scene.sweep(recordKeyOf(request))
      await ending(transact(claim, [shop.order(aName())], 'ordered'))
      return 'of the handler'
    }),
  )
  expect(told).toEqual(unavailable)
})

test('I27 the record is another claim’s, and the rejection comes out of the handler: the caller gets a conflict', async () => {
  const request = aRequest()
  scene.proxy.script({ step: 'commit', nth: 1, fault: { ...resetBefore, first: () => takeOver() } }, noSendArrives)
  const started = gate()
  const taken = gate()
  let other: Promise<unknown> | undefined
  const takeOver = async () => {
    scene.clock.advance(LEASE + SKEW + 1_000)
    other = scene.host('two').once({ ...request, context: remaining(60_000) }, async () => {
      started.open()
      await taken.opened
    })
    await started.opened
  }
  const lateClock = fakeClock()
  const slow = scene.host('one', {}, { clock: lateClock })
  const told = await ending(slow.once(request, (claim) => transact(claim, [shop.order(aName())], 'ordered')))
  taken.open()
  await other
  expect(told).toEqual({ error: expect.objectContaining({ code: 'in-progress' }) })
})
