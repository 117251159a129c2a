import { reconcile, step as runStep, transact } from '../../lib/effects/index.ts'
import { type HandlerClaim, NotDoneError, type OnceRequest } from '../../lib/index.ts'
import { arrivesLate } from '../support/fault-proxy.ts'
import { aRequest, ending, LEASE, openScene, recordKeyOf, remaining, type Scene, SKEW } from '../support/scene.ts'
import { openShop, type Shop } from '../support/shop.ts'
import type { Step } from '../support/store-step.ts'

let scene: Scene
let shop: Shop
beforeAll(async () => {
  scene = await openScene()
  shop = await openShop()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

/** How the request's handler ends, and the status of its record then. */
const ENDINGS = [
  ['completed', 'SUCCEEDED', () => 'done'],
  [
    'released',
    'RELEASED',
    () => {
      throw new NotDoneError('declined')
    },
  ],
  [
    'abandoned',
    'IN_PROGRESS',
    () => {
      throw new Error('boom')
    },
  ],
] as const

/** The late write reaches the database, is refused, and leaves the record unchanged. */
const changesNothing = async (recordKey: ReturnType<typeof recordKeyOf>, sends = 1): Promise<void> => {
  const before = await scene.read(recordKey)
  expect(await scene.proxy.deliver()).toEqual(Array.from({ length: sends }, () => 400))
  expect(await scene.read(recordKey)).toEqual(before)
}

test.each(ENDINGS)('A5 A claim that arrives after its record was %s revives nothing.', async (_, status, run) => {
  const request = aRequest()
  scene.proxy.script({ step: 'claim', nth: 1, fault: arrivesLate })
  await ending(scene.host('a').once(request, run))
  expect(await scene.read(recordKeyOf(request))).toMatchObject({ status, attempt: 1 })
  await changesNothing(recordKeyOf(request))
})

test.each(ENDINGS)(
  'A5 A claim that arrives after its record was %s and claimed by another call changes nothing.',
  async (how, _, run) => {
    const request = aRequest()
    scene.proxy.script({ step: 'claim', nth: 1, fault: arrivesLate })
    await ending(scene.host('a').once(request, run))
    const { value } = await scene.host('b').once(request, () => 'of b')
    expect(value).toBe(how === 'completed' ? 'done' : 'of b')
    await changesNothing(recordKeyOf(request))
  },
)

test.each(ENDINGS)('A5 A take-over that arrives after its record was %s revives nothing.', async (how, status, run) => {
  const request = aRequest()
  await ending(scene.host('crashed').once(request, () => Promise.reject(new Error('boom'))))
  scene.proxy.script({ step: 'takeOver', nth: 1, fault: arrivesLate })
  await ending(scene.host('a').once(request, run))
  // The effect is in doubt, so a release becomes an abandonment.
  expect((await scene.read(recordKeyOf(request)))?.status).toBe(how === 'released' ? 'IN_PROGRESS' : status)
  await changesNothing(recordKeyOf(request))
})

/** A call that asks about the request's abandoned record. The first send of its next generation is late. */
const withLateGeneration = async (request: OnceRequest, run: () => unknown): Promise<void> => {
  await ending(scene.host('crashed').once(request, () => Promise.reject(new Error('boom'))))
  scene.proxy.script({ step: 'nextGeneration', nth: 1, fault: arrivesLate })
  await ending(scene.host('a', { abandoned: reconcile(() => ({ notDone: true })) }).once(request, run))
}

test.each(ENDINGS)(
  'A5, I4 A next generation that arrives after its record was %s changes nothing.',
  async (_, status, run) => {
    const request = aRequest()
    await withLateGeneration(request, run)
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status, attempt: 2, generation: 2 })
    await changesNothing(recordKeyOf(request))
  },
)

test('A5, I4 A next generation that arrives again while its handler runs changes nothing.', async () => {
  const request = aRequest()
  let runs = 0
  await withLateGeneration(request, async () => {
    runs++
    await changesNothing(recordKeyOf(request))
  })
  expect(runs).toBe(1)
  expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'SUCCEEDED', attempt: 2, generation: 2 })
})

test.each(ENDINGS)(
  'A5 A renewal that arrives after its record was %s brings no lease back.',
  async (_, status, run) => {
    const request = aRequest({ context: remaining(900_000) })
    const a = scene.host('a', { heartbeat: { leaseSeconds: 30 } })
    scene.proxy.script({ step: 'renew', nth: 1, fault: arrivesLate })
    await ending(
      a.once(request, async () => {
        scene.clock.advance(10_000)
        await a.runtime.beat()
        return run()
      }),
    )
    const record = await scene.read(recordKeyOf(request))
    expect(record).toMatchObject({ status, revision: 3 })
    expect(record).not.toMatchObject({ leaseExpiresAt: expect.any(Number) })
    await changesNothing(recordKeyOf(request))
  },
)

test('A5 A renewal that arrives after a longer one does not move the lease back.', async () => {
  const request = aRequest({ context: remaining(900_000) })
  const a = scene.host('a', { heartbeat: { leaseSeconds: 30 } })
  scene.proxy.script({ step: 'renew', nth: 1, fault: arrivesLate })
  await a.once(request, async () => {
    for (let beats = 0; beats < 2; beats++) {
      scene.clock.advance(10_000)
      await a.runtime.beat()
    }
    expect(await scene.read(recordKeyOf(request))).toMatchObject({
      revision: 3,
      leaseExpiresAt: scene.clock.now() + 30_000,
    })
    await changesNothing(recordKeyOf(request))
  })
})

/** The step whose checkpoint arrives late. */
const charge = (claim: HandlerClaim | undefined): Promise<string> => runStep(claim, 'charge', () => 'ch_1')

test.each(ENDINGS)(
  'A5, I13 A checkpoint that arrives after its record was %s changes nothing.',
  async (_, status, run) => {
    const request = aRequest()
    scene.proxy.script({ step: 'checkpoint', nth: 1, fault: arrivesLate })
    await ending(
      scene.host('a').once(request, async (claim) => {
        await charge(claim)
        return run()
      }),
    )
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status, revision: 3 })
    await changesNothing(recordKeyOf(request))
  },
)

test('A5, I13 A checkpoint that arrives while another call runs changes nothing, and that call has the result.', async () => {
  const request = aRequest()
  scene.proxy.script({ step: 'checkpoint', nth: 1, fault: arrivesLate })
  await ending(
    scene.host('a').once(request, async (claim) => {
      await charge(claim)
      throw new Error('boom')
    }),
  )
  let runs = 0
  const { value } = await scene.host('b').once(request, async (claim) => {
    await changesNothing(recordKeyOf(request))
    return runStep(claim, 'charge', () => `ch_${++runs + 1}`)
  })
  expect([value, runs]).toEqual(['ch_1', 0])
})

/** A call whose transaction is sent, and whose answers are all lost. The network keeps each send. */
const withLateCommits = async (request: OnceRequest): Promise<number> => {
  scene.proxy.script({ step: 'commit', fault: arrivesLate })
  const a = scene.host('a', {}, { deadlines: 'never' })
  const ended = await ending(
    a.once(request, async (claim) => {
      await transact(claim, [shop.order(String(request.key))], 'of a')
    }),
  )
  expect(ended).toMatchObject({ error: { code: 'idempotency-unavailable' } })
  const sends = scene.proxy.seen.filter(({ step }) => step === 'commit').length
  scene.proxy.script()
  return sends
}

test('A5, I24 A commit that arrives again after its own second send was applied stores no second order and changes nothing.', async () => {
  const request = aRequest()
  const recordKey = recordKeyOf(request)
  scene.proxy.script({ step: 'commit', nth: 1, fault: arrivesLate })
  const { value } = await scene.host('a').once(request, async (claim) => {
    await transact(claim, [shop.order(String(request.key))], 'of a')
  })
  expect([value, await shop.has(String(request.key))]).toEqual(['of a', true])
  const before = await scene.read(recordKey)
  expect(await scene.proxy.deliver()).toEqual([200]) // DynamoDB knows its token, and applies it no second time
  expect(await scene.read(recordKey)).toEqual(before)
})

test('A5, I27 A commit that arrives before a take-over is stored with its order and replayed.', async () => {
  const request = aRequest()
  await withLateCommits(request)
  expect(new Set(await scene.proxy.deliver())).toEqual(new Set([200]))
  expect(await shop.has(String(request.key))).toBe(true)
  expect(await scene.host('b').once(request, () => 'of b')).toEqual({ value: 'of a', status: 'replayed' })
})

test.each(ENDINGS)(
  'A5, I27 A commit that arrives after another call has %s the record stores no order and changes nothing.',
  async (_, __, run) => {
    const request = aRequest()
    const sends = await withLateCommits(request)
    await ending(scene.host('b').once(request, run))
    await changesNothing(recordKeyOf(request), sends)
    expect(await shop.has(String(request.key))).toBe(false)
  },
)

test.each<[Step, (typeof ENDINGS)[number][2]]>([
  ['complete', ENDINGS[0][2]],
  ['release', ENDINGS[1][2]],
  ['abandon', ENDINGS[2][2]],
])(
  'A5 A %s that arrives again changes nothing, at once or after another call claimed the record.',
  async (step, run) => {
    for (const again of [false, true]) {
      const request = aRequest()
      scene.proxy.script({ step, nth: 1, fault: arrivesLate })
      await ending(scene.host('a').once(request, run))
      const late = () => changesNothing(recordKeyOf(request))
      if (again && step !== 'complete') await scene.host('b').once(request, late)
      else await late()
    }
  },
)

test('A5 A completion that arrives while another invocation runs changes nothing: the answer of the other one is stored.', async () => {
  const request = aRequest()
  scene.proxy.script({ step: 'complete', fault: arrivesLate })
  const a = scene.host('a', {}, { deadlines: 'never' })
  const first = await a.once(request, () => 'of a')
  expect(first).toEqual({ value: 'of a', status: 'unstored' })
  const sends = scene.proxy.seen.filter(({ step }) => step === 'complete').length
  scene.proxy.script()
  scene.clock.advance(LEASE + SKEW + 1_000)
  await scene.host('b').once(request, async () => {
    await changesNothing(recordKeyOf(request), sends)
    return 'of b'
  })
  expect(await scene.host('c').once(request, () => 'of c')).toEqual({ value: 'of b', status: 'replayed' })
})

test('A5 A completion that arrives before a take-over is stored and replayed.', async () => {
  const request = aRequest()
  scene.proxy.script({ step: 'complete', fault: arrivesLate })
  await scene.host('a').once(request, () => 'of a')
  const [first, ...rest] = await scene.proxy.deliver()
  expect([first, ...new Set(rest)]).toEqual([200, 400])
  expect(await scene.host('b').once(request, () => 'of b')).toEqual({ value: 'of a', status: 'replayed' })
})
