import { transact } from '../../lib/effects/index.ts'
import type { HandlerClaim } from '../../lib/index.ts'
import { type FakeRuntimeOptions, fakeClock } from '../support/fake-runtime.ts'
import { arrivesLate, cancelled, resetBefore } from '../support/fault-proxy.ts'
import { gate } from '../support/http-harness.ts'
import { aRequest, ending, openScene, recordKeyOf, remaining, type Scene, UNHURRIED } from '../support/scene.ts'
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

/** A host whose leases last 30 s, and a request that may run for 15 minutes. */
const beating = (runtime: FakeRuntimeOptions = {}) => ({
  ...scene.host('one', { heartbeat: { leaseSeconds: 30 } }, runtime),
  request: aRequest({ context: remaining(900_000) }),
})

const steps = () => scene.proxy.seen.map(({ step }) => step)

describe('I30 A renewal', () => {
  test('that is under way is awaited: the transaction is sent after it', async () => {
    const { once, runtime, request } = beating()
    const [arrived, answered] = [gate(), gate()]
    const first = async () => {
      arrived.open()
      await answered.opened
    }
    scene.proxy.script({ step: 'renew', fault: { first } })
    const ran = await once(request, async (claim) => {
      scene.clock.advance(10_000)
      const beat = runtime.beat()
      await arrived.opened
      const done = transact(claim, [shop.order(aName())], 'ordered')
      await new Promise(setImmediate)
      expect(steps()).toEqual(['claim', 'renew'])
      answered.open()
      await Promise.all([beat, done])
      expect(steps()).toEqual(['claim', 'renew', 'commit'])
    })
    expect(ran).toEqual({ value: 'ordered', status: 'created' })
  })

  test('that never ends holds the transaction up for half a second only, and a conflict with it is sent again', async () => {
    const { runtime, request } = beating()
    const spans: number[] = []
    const host = scene.host('one', {
      heartbeat: { leaseSeconds: 30 },
      runtime: {
        ...runtime,
        withDeadline: (span, run) => {
          spans.push(span)
          return span === 500 ? Promise.reject(new Error('not in time')) : runtime.withDeadline(span, run)
        },
      },
    })
    const [arrived, answered] = [gate(), gate()]
    const first = async () => {
      arrived.open()
      await answered.opened
    }
    scene.proxy.script(
      { step: 'renew', fault: { first } },
      { step: 'commit', nth: 1, fault: cancelled('TransactionConflict', 'None') },
    )
    const ran = await host.once(request, async (claim) => {
      scene.clock.advance(10_000)
      const beat = runtime.beat()
      await arrived.opened
      await transact(claim, [shop.order(aName())], 'ordered')
      answered.open()
      await beat
    })
    expect(ran).toEqual({ value: 'ordered', status: 'created' })
    expect(spans).toContain(500)
  })

  test('does not begin while a transaction is under way, and none follows a commit', async () => {
    const { once, runtime, request } = beating()
    scene.proxy.script({ step: 'commit', fault: { first: () => void runtime.beat() } })
    const ran = await once(request, async (claim) => {
      scene.clock.advance(10_000)
      await transact(claim, [shop.order(aName())], 'ordered')
      scene.clock.advance(10_000)
      await runtime.beat()
    })
    expect(ran).toEqual({ value: 'ordered', status: 'created' })
    expect(steps()).toEqual(['claim', 'commit'])
  })

  test('that arrives late does not cancel a commit, and does not revive the record', async () => {
    const { once, runtime, request } = beating()
    scene.proxy.script({ step: 'renew', nth: 1, fault: arrivesLate })
    const ran = await once(request, async (claim) => {
      scene.clock.advance(10_000)
      await runtime.beat()
      await transact(claim, [shop.order(aName())], 'ordered')
    })
    expect(ran).toEqual({ value: 'ordered', status: 'created' })
    const record = await scene.read(recordKeyOf(request))
    expect(await scene.proxy.deliver()).toEqual([400])
    expect(await scene.read(recordKeyOf(request))).toEqual(record)
  })
})

/** How a transaction may end without a commit. */
const WITHOUT_A_COMMIT = [
  ['was refused', (claim: Claim, article: string) => transact(claim, [shop.take(article)], 1), () => {}],
  [
    'got no answer',
    (claim: Claim) => ending(transact(claim, [shop.order(aName())], 1)),
    () => scene.proxy.script({ step: 'commit', fault: resetBefore }),
  ],
  [
    'could not be right',
    (claim: Claim) => ending(transact(claim, [{ Put: { TableName: 'missing', Item: {} } }], 1)),
    () => {},
  ],
] as const

test.each(WITHOUT_A_COMMIT)('I30 after a transaction that %s the heartbeat goes on', async (_, send, script) => {
  const { once, runtime, request } = beating()
  const article = aName('article')
  await shop.stock(article, 0)
  script()
  const seen: unknown[] = []
  let before = 0
  await ending(
    once(request, async (claim) => {
      await send(claim, article)
      before = scene.clock.now()
      for (let beats = 0; beats < 6; beats++) {
        scene.clock.advance(10_000)
        await runtime.beat()
      }
      seen.push(claim?.signal.aborted, await scene.read(recordKeyOf(request)))
    }),
  )
  expect(seen).toEqual([false, expect.objectContaining({ leaseExpiresAt: before + 90_000 })])
})

test('I30 after a lost claim the signal aborts, and no renewal follows', async () => {
  const { once, runtime, request } = beating({ clock: fakeClock() }) // its clock does not see the lease end
  const told = await ending(
    once(request, async (claim) => {
      scene.clock.advance(40_000)
      await scene.host('two').once({ ...request, context: remaining(30_000) }, () => 'of the other')
      await ending(transact(claim, [shop.order(aName())], 'ordered'))
      expect(claim?.signal.aborted).toBe(true)
      await runtime.beat()
      return 'of the handler'
    }),
  )
  expect(told).toEqual({ value: { value: 'of the other', status: 'replayed' } })
  expect(steps()).not.toContain('renew')
})
