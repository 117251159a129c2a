import { setTimeout as sleep } from 'node:timers/promises'
import { ClaimLostError, step, transact } from '../../lib/effects/index.ts'
import { type HandlerClaim, type IdempotencyEvent, type OnceRequest, once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { downstream, keptIn } from '../support/downstream.ts'
import { counting, gate } from '../support/http-harness.ts'
import {
  aRequest,
  ending,
  type Host,
  LEASE,
  openUnhurriedScene,
  recordKeyOf,
  remaining,
  type Scene,
  SKEW,
} from '../support/scene.ts'

type Claim = HandlerClaim | undefined

const broken = new TypeError('the socket broke')

const host = () => {
  const memory = memoryStore()
  const { store, calls } = counting(memory)
  const events: IdempotencyEvent[] = []
  const run = once({ store, operation: 'payments', observe: (event) => void events.push(event) })
  return { once: run, calls, events, read: memory.read }
}

describe('I18 A handler has ended when its steps have ended', () => {
  test('a rejected Promise.all is settled after the step that still runs, whose result is kept', async () => {
    const { once, calls, read } = host()
    const request = aRequest()
    const charged = gate()
    const { runs, does, fails } = downstream()
    const call = (claim: Claim) =>
      Promise.all([
        step(claim, 'mail', fails(broken)),
        step(claim, 'charge', async (step) => {
          await charged.opened
          return does('ch_1')(step)
        }),
      ])
    const first = ending(once(request, call))
    await sleep(20)
    expect(calls).toEqual(['claim'])
    charged.open()
    expect(await first).toEqual({ error: broken })
    expect(calls).toEqual(['claim', 'checkpoint', 'settle'])
    expect(keptIn(read(recordKeyOf(request)))).toEqual(['charge'])
    await ending(once(request, call))
    expect(runs).toEqual(['mail', 'charge', 'mail'])
  })

  test('a step that is not awaited ends before the claim is completed', async () => {
    const { once, calls } = host()
    const { runs, does } = downstream()
    const answer = once(aRequest(), (claim) => {
      void step(claim, 'mail', async (step) => {
        await sleep(20)
        does(1)(step)
      })
      return 'paid'
    })
    expect(await answer).toEqual({ value: 'paid', status: 'created' })
    expect(runs).toEqual(['mail'])
    expect(calls).toEqual(['claim', 'checkpoint', 'settle'])
  })

  test('no step starts once its handler has ended and its steps have too', async () => {
    const { once, read } = host()
    const request = aRequest()
    const { runs, does, fails } = downstream()
    let rest: Promise<unknown> = Promise.resolve()
    await ending(
      once(request, (claim) => {
        rest = ending(
          (async () => {
            await step(claim, 'one', does(1))
            await sleep(30)
            await step(claim, 'two', does(2))
          })(),
        )
        return Promise.all([step(claim, 'mail', fails(broken)), rest])
      }),
    )
    const record = read(recordKeyOf(request))
    expect(await rest).toEqual({ error: expect.any(ClaimLostError) })
    expect(runs.sort()).toEqual(['mail', 'one'])
    expect(read(recordKeyOf(request))).toEqual(record)
  })

  test.each<[string, () => unknown, string]>([
    ['completed', () => 'paid', 'SUCCEEDED'],
    ['abandoned', () => Promise.reject(broken), 'IN_PROGRESS'],
  ])('no first step starts after the claim was %s', async (_, end, status) => {
    const { once, read } = host()
    const request = aRequest()
    const ended = gate()
    const { runs, does } = downstream()
    let late: Promise<unknown> = Promise.resolve()
    await ending(
      once(request, (claim) => {
        late = ending(ended.opened.then(() => step(claim, 'charge', does(1))))
        return end()
      }),
    )
    ended.open()
    expect(await late).toEqual({ error: expect.any(ClaimLostError) })
    expect(runs).toEqual([])
    expect(read(recordKeyOf(request))?.status).toBe(status)
  })
})

test('I18 no transaction starts once its handler has ended', async () => {
  const { once, read } = host()
  const request = aRequest()
  const ended = gate()
  let late: Promise<unknown> = Promise.resolve()
  await ending(
    once(request, (claim) => {
      late = ending(ended.opened.then(() => transact(claim, [{ Put: {} }], 'late')))
      throw broken
    }),
  )
  const record = read(recordKeyOf(request))
  ended.open()
  expect(await late).toEqual({ error: expect.any(ClaimLostError) })
  expect(read(recordKeyOf(request))).toEqual(record)
})

describe('I18 On DynamoDB', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await openUnhurriedScene()
  })
  beforeEach(() => scene.reset())
  afterAll(() => scene.close())

  /** Beats until the record has this lease. A beat would wait for the step too, so nothing awaits it. */
  const beatUntil = async (request: OnceRequest, host: Host, leaseExpiresAt: number): Promise<void> => {
    for (;;) {
      void host.runtime.beat()
      const record = await scene.read(recordKeyOf(request))
      if (record?.status === 'IN_PROGRESS' && record.leaseExpiresAt === leaseExpiresAt) return
      await sleep(10)
    }
  }

  test('a step that still runs when the time is over leaves the claim to its lease', async () => {
    const request = aRequest({ context: remaining(1_500) })
    const host = scene.host('one', {}, { deadlines: 'real' })
    const charged = gate()
    let charge: Promise<unknown> = Promise.resolve()
    const { runs, does, fails } = downstream()
    const call = (claim: Claim) => {
      charge = step(claim, 'charge', async (step) => {
        await charged.opened
        return does('ch_1')(step)
      })
      return Promise.all([step(claim, 'mail', fails(broken)), charge])
    }
    expect(await ending(host.once(request, call))).toEqual({ error: broken })
    expect(host.eventTypes()).toEqual(['claimed', 'unstored'])
    expect(await scene.read(recordKeyOf(request))).toMatchObject({
      status: 'IN_PROGRESS',
      leaseExpiresAt: scene.clock.now() + 2_500,
    })
    expect(await ending(scene.host('two').once(request, call))).toMatchObject({ error: { code: 'in-progress' } })

    charged.open() // it still holds its claim, so its result is kept
    expect(await charge).toBe('ch_1')
    scene.clock.advance(LEASE + SKEW)
    expect(await scene.host('three').once(aRequest(request), (claim) => step(claim, 'charge', does('again')))).toEqual({
      value: 'ch_1',
      status: 'created',
    })
    expect(runs).toEqual(['mail', 'charge'])
  })

  test('the lease is renewed while the claim waits for a step', async () => {
    const request = aRequest()
    const host = scene.host('one', { heartbeat: { leaseSeconds: 9 } })
    const charged = gate()
    const failed = gate()
    const first = ending(
      host.once(request, (claim) => {
        const charge = step(claim, 'charge', () => charged.opened)
        const mail = step(claim, 'mail', () => {
          failed.open()
          throw broken
        })
        return Promise.all([charge, mail])
      }),
    )
    await failed.opened
    await new Promise(setImmediate)
    for (let beat = 0; beat < 4; beat++) {
      scene.clock.advance(3_000)
      await beatUntil(request, host, scene.clock.now() + 9_000)
    }
    charged.open()
    expect(await first).toEqual({ error: broken })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: undefined })
  })
})
