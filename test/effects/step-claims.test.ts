import middy from '@middy/core'
import { ClaimLostError, step } from '../../lib/effects/index.ts'
import { claimOf, type HttpOptions, idempotency, idempotent } from '../../lib/http/index.ts'
import { type HandlerClaim, IdempotencyError, type OnceRequest } from '../../lib/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { type Downstream, downstream, keptIn } from '../support/downstream.ts'
import { fakeRuntime } from '../support/fake-runtime.ts'
import { payment, type TestEvent } from '../support/http-events.ts'
import { answered, gate } from '../support/http-harness.ts'
import { chainOf } from '../support/middy-chain.ts'
import {
  aRequest,
  ending,
  openUnhurriedScene,
  REMAINING,
  recordKeyOf,
  remaining,
  type Scene,
  SKEW,
} from '../support/scene.ts'
import { anEvent, aRecord, type Order, returned } from '../support/sqs.ts'

type Claim = HandlerClaim | undefined
type Handler = (claim: Claim) => Promise<string>

let scene: Scene
beforeAll(async () => {
  scene = await openUnhurriedScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

/** A short lease, so that the owner has time left when it is over. */
const heartbeat = { leaseSeconds: 9 }
const LAPSE = 9_000 + SKEW + 1_000

const hostOf = (name: string) => scene.host(name, { heartbeat })

let keys = 0

/** An entry to the layer: each call is one host's, and says what its caller gets. */
type Entry = (key: string, host: string, handler: Handler) => Promise<string>

const commonOptions = (host: string) => ({
  store: scene.store,
  operation: 'orders',
  tenant: 'single-tenant' as const,
  heartbeat,
  runtime: fakeRuntime({ name: host, clock: scene.clock, deadlines: 'never' }),
})

const shownAnswer = (result: unknown): string => {
  const { statusCode, headers, body } = answered(result)
  return statusCode === 201 ? `${body} (${headers['idempotency-status']})` : JSON.parse(body).code
}

const created = (body: string) => ({ statusCode: 201, body })

const ENTRIES: Readonly<Record<'wrapper' | 'hooks' | 'once' | 'SQS', Entry>> = {
  wrapper: async (key, host, handler) => {
    const options: HttpOptions<TestEvent> = commonOptions(host)
    const answer = async (_event: TestEvent, _context: object, claim: Claim) => created(await handler(claim))
    return shownAnswer(await idempotent(answer, options)(payment(key), remaining()))
  },
  hooks: async (key, host, handler) => {
    const hooks = idempotency<TestEvent>(commonOptions(host))
    const chain = chainOf(middy, [hooks], async (_event, context) => created(await handler(claimOf(context))))
    return shownAnswer(await chain(payment(key), remaining() as never))
  },
  once: async (key, host, handler) => {
    const once = hostOf(host).once(aRequest({ key }), handler)
    return once.then(
      ({ value, status }) => `${value} (${status})`,
      (error: unknown) => (error instanceof IdempotencyError ? error.code : String(error)),
    )
  },
  SQS: async (key, host, handler) => {
    const onError = (): void => {}
    const options = { ...commonOptions(host), key: ({ orderId }: Order) => orderId, onError }
    const batch = sqsHandler<Order>((_message, claim) => handler(claim), options)
    return returned(await batch(anEvent(aRecord(key)), remaining())).length === 0 ? 'acknowledged' : 'returned'
  },
}

type Expected = Readonly<Record<keyof typeof ENTRIES, string>>

const inAll = (shown: string, sqs: string): Expected => ({ wrapper: shown, hooks: shown, once: shown, SQS: sqs })

describe.each(Object.keys(ENTRIES) as (keyof typeof ENTRIES)[])('I17 A lost claim in the %s form:', (form) => {
  const enter = ENTRIES[form]
  let key: string
  let calls: Downstream
  beforeEach(() => {
    key = `order-${++keys}`
    calls = downstream()
  })

  /** Two steps, and what happens during the first. */
  const twoSteps =
    (who: string, meanwhile: () => unknown = () => {}): Handler =>
    async (claim) => {
      const first = await step(claim, 'a', async (of) => {
        calls.does(who)(of)
        await meanwhile()
        return who
      })
      return `${first} ${await step(claim, 'b', calls.does(who))}`
    }

  test('another run completed: the owner’s step is not kept, its next does not start, its caller gets the stored answer', async () => {
    const own = await enter(
      key,
      'owner',
      twoSteps('owner', async () => {
        scene.clock.advance(LAPSE)
        expect(await enter(key, 'other', twoSteps('other'))).toBe(inAll('other other (created)', 'acknowledged')[form])
      }),
    )
    expect(own).toBe(inAll('other other (replayed)', 'acknowledged')[form])
    expect(calls.runs).toEqual(['a', 'a', 'b'])
    expect([calls.keysOf('a'), calls.keysOf('b')]).toEqual([1, 1])
  })

  test('another run is in progress: its caller gets a conflict, and the other keeps the record', async () => {
    const [reached, end] = [gate(), gate()]
    let other: Promise<string> = Promise.resolve('')
    const own = await enter(
      key,
      'owner',
      twoSteps('owner', async () => {
        scene.clock.advance(LAPSE)
        other = enter(
          key,
          'other',
          twoSteps('other', async () => {
            reached.open()
            await end.opened
          }),
        )
        await reached.opened
      }),
    )
    expect(own).toBe(inAll('in-progress', 'returned')[form])
    expect(calls.runs).toEqual(['a', 'a'])
    end.open()
    expect(await other).toBe(inAll('other other (created)', 'acknowledged')[form])
  })

  test('no other run: what was running is kept, the next does not start, and a retry runs the rest at once', async () => {
    const own = await enter(
      key,
      'owner',
      twoSteps('owner', () => scene.clock.advance(LAPSE)),
    )
    expect(own).toBe(inAll('idempotency-unavailable', 'returned')[form])
    expect(calls.runs).toEqual(['a'])
    expect(await enter(key, 'other', twoSteps('other'))).toBe(inAll('owner other (created)', 'acknowledged')[form])
    expect(calls.runs).toEqual(['a', 'b'])
  })

  test('the handler makes an answer of its own: its caller gets the stored one', async () => {
    const stubborn: Handler = async (claim) => {
      const run = twoSteps('owner', async () => {
        scene.clock.advance(LAPSE)
        await enter(key, 'other', twoSteps('other'))
      })
      return run(claim).catch(() => 'my own')
    }
    expect(await enter(key, 'owner', stubborn)).toBe(inAll('other other (replayed)', 'acknowledged')[form])
  })
})

test('I17 the 503 of a lost claim says when to come again', async () => {
  const options: HttpOptions<TestEvent> = commonOptions('owner')
  const handler = idempotent(async (_event: TestEvent, _context, claim) => {
    await step(claim, 'a', () => scene.clock.advance(LAPSE))
    await step(claim, 'b', () => 1)
    return created('never')
  }, options)
  const { statusCode, headers, body } = answered(await handler(payment('retry-after'), remaining()))
  expect({ statusCode, retryAfter: headers['retry-after'] }).toEqual({ statusCode: 503, retryAfter: '1' })
  expect(JSON.parse(body)).toMatchObject({ code: 'idempotency-unavailable', retryable: true, key: 'keep' })
})

test('I17 a lost claim aborts the signal of the handler and of each step that runs, which is not kept', async () => {
  const request = aRequest()
  const host = hostOf('owner')
  const aborted: string[] = []
  const slow = gate()
  const calls = downstream()
  const outcome = await ending(
    host.once(request, async (claim) => {
      claim?.signal.addEventListener('abort', () => aborted.push('handler'))
      const sibling = ending(
        step(claim, 'slow', async (of) => {
          of.signal.addEventListener('abort', () => {
            aborted.push('slow')
            slow.open()
          })
          await slow.opened
        }),
      )
      const lost = await ending(
        step(claim, 'a', async () => {
          scene.clock.advance(LAPSE)
          await hostOf('other').once(request, () => 'of the other')
        }),
      )
      expect([lost, await sibling]).toEqual([
        { error: expect.any(ClaimLostError) },
        { error: expect.any(ClaimLostError) },
      ])
      expect(await ending(step(claim, 'next', calls.does(1)))).toEqual({ error: expect.any(ClaimLostError) })
      return 'my own'
    }),
  )
  expect(outcome).toEqual({ value: { value: 'of the other', status: 'replayed' } })
  expect(aborted).toEqual(['handler', 'slow'])
  expect(calls.runs).toEqual([])
  expect(host.eventTypes()).toEqual(['claimed', 'lost'])
})

test('I17 a claim that the heartbeat finds lost starts no further step', async () => {
  const request = aRequest()
  const host = hostOf('owner')
  const calls = downstream()
  const outcome = await ending(
    host.once(request, async (claim) => {
      await step(claim, 'a', calls.does(1))
      scene.clock.advance(LAPSE)
      await hostOf('other').once(request, () => 'of the other')
      await host.runtime.beat()
      return step(claim, 'b', calls.does(2))
    }),
  )
  expect(outcome).toEqual({ value: { value: 'of the other', status: 'replayed' } })
  expect(calls.runs).toEqual(['a'])
})

test('I17 a step that ends after the deadline is kept by the abandon, and the next does not start', async () => {
  const request = aRequest()
  const calls = downstream()
  const host = scene.host('owner')
  const outcome = await ending(
    host.once(request, async (claim) => {
      await step(claim, 'a', async (of) => {
        calls.does(1)(of)
        scene.clock.advance(REMAINING + 1_000)
      })
      return step(claim, 'b', calls.does(2))
    }),
  )
  expect(outcome).toEqual({ error: expect.any(ClaimLostError) })
  expect(host.eventTypes()).toEqual(['claimed', 'abandoned'])
  expect(keptIn(await scene.read(recordKeyOf(request)))).toEqual(['a'])
  expect(calls.runs).toEqual(['a'])
})

test('I17 a record that TTL has removed is a lost claim too', async () => {
  const request = aRequest()
  const outcome = await ending(
    hostOf('owner').once(request, async (claim) => {
      await step(claim, 'a', () => scene.sweep(recordKeyOf(request)))
      return 'never'
    }),
  )
  expect(outcome).toEqual({ error: expect.any(ClaimLostError) })
  expect(await scene.read(recordKeyOf(request))).toBeUndefined()
})

describe('I16 A take-over and a checkpoint at the same time', () => {
  /** An owner whose lease is over, in its step `a`. `end` lets the step end, and `leave` the handler. */
  const lapsedOwner = async (request: OnceRequest, calls: Downstream) => {
    const [reached, end, leave] = [gate(), gate(), gate()]
    const ended = ending(
      hostOf('owner').once(request, async (claim) => {
        await step(claim, 'first', calls.does(0))
        const value = await step(claim, 'a', async (of) => {
          reached.open()
          await end.opened
          return calls.does('owner')(of)
        })
        await leave.opened
        return value
      }),
    )
    await reached.opened
    scene.clock.advance(LAPSE)
    return { ended, end, leave }
  }

  const takeOver = (request: OnceRequest, calls: Downstream, started?: () => Promise<unknown>) =>
    hostOf('other').once(request, async (claim) => {
      await started?.()
      await step(claim, 'first', calls.does(1))
      return step(claim, 'a', calls.does('other'))
    })

  const isKept = async (request: OnceRequest, count: number): Promise<void> => {
    while (keptIn(await scene.read(recordKeyOf(request)))?.length !== count);
  }

  test('the checkpoint comes first: the take-over fails, judges again, and carries it', async () => {
    const request = aRequest()
    const calls = downstream()
    const { ended, end, leave } = await lapsedOwner(request, calls)
    const first = async () => {
      end.open()
      await isKept(request, 2)
    }
    scene.proxy.script({ step: 'takeOver', nth: 1, fault: { first } })
    const other = await takeOver(request, calls)
    expect(scene.proxy.seen.filter(({ step }) => step === 'takeOver').length).toBeGreaterThan(1)
    expect(other).toEqual({ value: 'owner', status: 'created' })
    expect(calls.runs).toEqual(['first', 'a'])
    leave.open()
    expect(await ended).toEqual({ value: { value: 'owner', status: 'replayed' } })
  })

  test('the take-over comes first: the checkpoint is refused, and the other runs the step again', async () => {
    const request = aRequest()
    const calls = downstream()
    const { ended, end } = await lapsedOwner(request, calls)
    const started = gate()
    const other = takeOver(request, calls, () => {
      started.open()
      return ended
    })
    await started.opened
    end.open()
    expect(await other).toEqual({ value: 'other', status: 'created' })
    expect(await ended).toEqual({ error: expect.objectContaining({ code: 'in-progress' }) })
    expect(calls.runs.sort()).toEqual(['a', 'a', 'first'])
    expect(calls.keysOf('a')).toBe(1)
  })

  test('in any order: the step runs twice only if its checkpoint was refused', async () => {
    for (let round = 0; round < 30; round++) {
      const request = aRequest()
      const calls = downstream()
      const { ended, end, leave } = await lapsedOwner(request, calls)
      leave.open()
      const racing = async () => {
        for (let turn = 0; turn < round * 4; turn++) await new Promise(setImmediate)
        end.open()
      }
      const [other] = await Promise.all([ending(takeOver(request, calls)), racing()])
      const own = await ended
      const answers = [other, own].flatMap((end) => ('value' in end ? [end.value] : []))
      expect(new Set(answers.map(({ value }) => value)).size).toBe(1)
      expect(calls.runs.filter((name) => name === 'first')).toHaveLength(1)
      expect(calls.runs.filter((name) => name === 'a')).toHaveLength(answers[0]?.value === 'owner' ? 1 : 2)
      expect(calls.keysOf('a')).toBe(1)
    }
  })
})
