import { transact } from '../../lib/effects/index.ts'
import { abandon, release } from '../../lib/http/index.ts'
import { arrivesLate, cancelled, resetAfter, resetBefore } from '../support/fault-proxy.ts'
import { quietly } from '../support/http-harness.ts'
import { openScene, type Scene, UNHURRIED } from '../support/scene.ts'
import { aName, openShop, type Shop } from '../support/shop.ts'
import { type Claim, ENTRIES, type Entry, hang, type Remaining } from './entries.ts'

let scene: Scene
let shop: Shop
beforeAll(async () => {
  scene = await openScene(UNHURRIED)
  shop = await openShop()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const ordered = { statusCode: 201, headers: { location: '/orders/1' }, body: 'ordered' }
const another = { statusCode: 202, body: 'another' }

const opened = (entry: Entry) => {
  const host = scene.host('host')
  const events = [] as string[]
  const observe = ({ type }: { readonly type: string }) => void events.push(type)
  return { ...entry.open({ store: scene.store, runtime: host.runtime, observe }), events }
}

/** What a handler does after its transaction. */
const AFTER: readonly (readonly [string, () => unknown])[] = [
  ['returns another answer', () => another],
  ['returns an answer that it wants to release', () => release({ statusCode: 409, body: 'no' })],
  ['returns an answer that it wants to abandon', () => abandon({ statusCode: 500, body: 'no' })],
  [
    'throws',
    () => {
      throw new RangeError('late')
    },
  ],
]

const noSendArrives = { step: 'commit', fault: resetBefore } as const

describe.each(ENTRIES)('$name', (entry) => {
  const { told } = entry
  const committed = told.answer(201, 'ordered')

  describe('I28 after a commit', () => {
    test.each(AFTER)('a handler that %s: the caller gets the committed answer', async (_, finish) => {
      const [key, id] = [aName('key'), aName()]
      const { call } = opened(entry)
      const handler = async (claim: Claim) => {
        await transact(claim, [shop.order(id)], ordered)
        return finish()
      }
      expect(await quietly(() => call(key, handler))).toBe(committed)
      expect(await shop.has(id)).toBe(true)
      expect(await call(key, () => another)).toBe(committed)
    })

    test('a handler that changes the answer afterwards: the first answer is the stored one', async () => {
      const key = aName('key')
      const { call } = opened(entry)
      const answer = { ...ordered }
      const handler = async (claim: Claim) => {
        await transact(claim, [shop.order(aName())], answer)
        answer.body = 'changed'
        return answer
      }
      expect(await call(key, handler)).toBe(committed)
      expect(await call(key, () => another)).toBe(committed)
    })

    test('the event of a handler that threw says what was ignored', async () => {
      const { call, events } = opened(entry)
      const handler = async (claim: Claim) => {
        await transact(claim, [shop.order(aName())], ordered)
        throw new RangeError('late')
      }
      await quietly(() => call(aName('key'), handler))
      expect(events).toEqual(['claimed', 'completed', 'answerIgnored'])
    })
  })

  describe('I27 no send of the transaction is answered', () => {
    test.each(AFTER)('and the handler %s: never that answer', async (_, finish) => {
      const [key, id] = [aName('key'), aName()]
      const { call } = opened(entry)
      const handler = async (claim: Claim) => {
        await transact(claim, [shop.order(id)], ordered).catch(() => undefined)
        return finish()
      }
      scene.proxy.script(noSendArrives)
      expect(await quietly(() => call(key, handler))).toBe(told.unavailable)
      scene.proxy.script()
      expect(await quietly(() => call(key, handler))).toBe(committed)
    })

    test.each(AFTER)('but one was applied, and the handler %s: the committed answer', async (_, finish) => {
      const [key, id] = [aName('key'), aName()]
      const { call } = opened(entry)
      const handler = async (claim: Claim) => {
        await transact(claim, [shop.order(id)], ordered).catch(() => undefined)
        return finish()
      }
      scene.proxy.script({ step: 'commit', nth: 1, fault: resetAfter }, noSendArrives)
      expect(await quietly(() => call(key, handler))).toBe(committed)
      expect(await shop.has(id)).toBe(true)
    })

    test('and its rejection comes out of the handler: the same', async () => {
      const key = aName('key')
      const { call } = opened(entry)
      const handler = (claim: Claim) => transact(claim, [shop.order(key)], ordered)
      scene.proxy.script(noSendArrives)
      expect(await call(key, handler)).toBe(told.unavailable)
      scene.proxy.script({ step: 'commit', nth: 1, fault: resetAfter }, noSendArrives)
      expect(await call(key, handler)).toBe(committed)
    })
  })

  test('I29 a transaction stays in conflict, and its rejection comes out of the handler: 503, and a retry runs', async () => {
    const key = aName('key')
    const { call, events } = opened(entry)
    const handler = (claim: Claim) => transact(claim, [shop.order(key)], ordered)
    scene.proxy.script({ step: 'commit', fault: cancelled('None', 'TransactionConflict') })
    expect(await call(key, handler)).toBe(told.unavailable)
    expect(events).toEqual(['claimed', 'storeFailed', 'abandoned'])
    scene.proxy.script()
    expect(await call(key, handler)).toBe(committed)
  })

  const leaveInDoubt = async (call: ReturnType<Entry['open']>['call'], key: string) => {
    await call(key, () => Promise.reject(new RangeError('the socket broke')))
  }

  const ENDINGS: readonly (readonly [string, () => unknown, string])[] = [
    ['answers a 4xx', () => ({ statusCode: 409, body: 'sold out' }), told.answer(409, 'sold out')],
    ['answers a 2xx', () => another, told.answer(202, 'another')],
    ['answers a 5xx', () => ({ statusCode: 500, body: 'sold out' }), told.answer(500, 'sold out')],
    [
      'throws',
      () => {
        throw new RangeError('sold out')
      },
      told.thrown('RangeError'),
    ],
  ]

  /** The first send is on its way while the second is refused. After that its condition holds again. */
  const refusedInDoubt = async (claim: Claim, article: string): Promise<void> => {
    await shop.stock(article, 0)
    expect(await transact(claim, [shop.take(article)], ordered)).toMatchObject({ kind: 'refused' })
    await shop.stock(article, 1)
  }

  const firstSendIsLate = { step: 'commit', nth: 1, fault: arrivesLate } as const

  describe.each([
    ['a first claim', async () => {}],
    ['a claim in doubt', leaveInDoubt],
  ])('I32 a transaction of %s is refused while its first send is under way', (_, prepare) => {
    test.each(ENDINGS)('and the handler %s: its answer stays true', async (_, end, answer) => {
      const [key, article] = [aName('key'), aName('article')]
      const { call } = opened(entry)
      await prepare(call, key)
      scene.proxy.script(firstSendIsLate)
      const handler = async (claim: Claim) => {
        await refusedInDoubt(claim, article)
        return end()
      }
      expect(await call(key, handler)).toBe(answer)
      expect(await scene.proxy.deliver()).toEqual([400])
      expect(await shop.left(article)).toBe(1)
    })

    test.each(ENDINGS)('and arrives before the handler %s: the committed answer', async (_, end) => {
      const [key, article] = [aName('key'), aName('article')]
      const { call } = opened(entry)
      await prepare(call, key)
      scene.proxy.script(firstSendIsLate)
      const handler = async (claim: Claim) => {
        await refusedInDoubt(claim, article)
        expect(await scene.proxy.deliver()).toEqual([200])
        return end()
      }
      expect(await quietly(() => call(key, handler))).toBe(committed)
      expect(await shop.left(article)).toBe(0)
    })

    test.each(ENDINGS)('and the handler %s, but its end is not acknowledged: 503', async (_, end) => {
      const [key, article] = [aName('key'), aName('article')]
      const { call } = opened(entry)
      await prepare(call, key)
      const lost = (['complete', 'release', 'abandon'] as const).map((step) => ({ step, fault: resetBefore }))
      scene.proxy.script(firstSendIsLate, ...lost)
      const handler = async (claim: Claim) => {
        await refusedInDoubt(claim, article)
        return end()
      }
      expect(await quietly(() => call(key, handler))).toBe(told.unavailable)
      expect(await scene.proxy.deliver()).toEqual([200])
      scene.proxy.script()
      expect(await call(key, () => another)).toBe(committed)
    })
  })

  if (!entry.name.startsWith('the hooks')) return

  const close: Remaining = { millis: 5 }

  /** Starts with time, and ends so close to the deadline that Middy may have gone on without the handler. */
  const closeToTheEnd = async (
    key: string,
    run: (claim: Claim) => Promise<unknown>,
    end: () => unknown,
  ): Promise<string> => {
    const remaining = { millis: 30_000 }
    const { call } = opened(entry)
    return quietly(() =>
      call(
        key,
        async (claim) => {
          await run(claim)
          remaining.millis = close.millis
          return end()
        },
        remaining,
      ),
    )
  }

  describe.each(AFTER)('close to the deadline, and the handler %s', (_, end) => {
    test('I28 after a commit: the committed answer', async () => {
      const key = aName('key')
      const run = (claim: Claim) => transact(claim, [shop.order(key)], ordered)
      expect(await closeToTheEnd(key, run, end)).toBe(committed)
    })

    test('I27 after a transaction of unknown fate: 503', async () => {
      const key = aName('key')
      scene.proxy.script(noSendArrives)
      const run = (claim: Claim) => transact(claim, [shop.order(key)], ordered).catch(() => undefined)
      expect(await closeToTheEnd(key, run, end)).toBe(told.unavailable)
    })

    test('I32 after a refusal in doubt: 503', async () => {
      const article = aName('article')
      scene.proxy.script(firstSendIsLate)
      expect(await closeToTheEnd(aName('key'), (claim) => refusedInDoubt(claim, article), end)).toBe(told.unavailable)
      expect(await scene.proxy.deliver()).toEqual([200])
    })
  })

  test('I28 an early time-out after a commit: the committed answer', async () => {
    const [key, id] = [aName('key'), aName()]
    const { call } = opened(entry)
    const handler = async (claim: Claim) => {
      await transact(claim, [shop.order(id)], ordered)
      return hang()
    }
    expect(await quietly(() => call(key, handler, { millis: 3_000 }))).toBe(committed)
    expect(await call(key, () => another)).toBe(committed)
  })

  test('I27 an early time-out during a transaction: 503, and a retry after the lease gets what was committed', async () => {
    const [key, id] = [aName('key'), aName()]
    const { call } = opened(entry)
    scene.proxy.script({ step: 'commit', fault: { delayMillis: 3_000 } })
    let transacted: Promise<unknown> | undefined
    const handler = (claim: Claim) => {
      transacted = transact(claim, [shop.order(id)], ordered)
      return transacted
    }
    expect(await quietly(() => call(key, handler, { millis: 2_000 }))).toBe(told.unavailable)
    expect(await transacted).toMatchObject({ kind: 'committed' })
    expect(await call(key, () => another)).toBe(committed)
  })
})
