import middy from '@middy/core'
import { step } from '../../lib/effects/index.ts'
import { claimOf, type HttpOptions, idempotency, idempotent, release } from '../../lib/http/index.ts'
import { type HandlerClaim, NotDoneError } from '../../lib/index.ts'
import { type MemoryStore, memoryStore } from '../../lib/memory/index.ts'
import { downstream } from '../support/downstream.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { type Answered, answered } from '../support/http-harness.ts'
import { chainOf } from '../support/middy-chain.ts'

type Claim = HandlerClaim | undefined

/** One of the HTTP forms: answers a payment of this amount. */
type Call = (handler: (claim: Claim) => unknown, amount?: number) => Promise<Answered>

const FORMS: readonly (readonly [string, (store: MemoryStore) => Call])[] = [
  [
    'wrapper',
    (store) =>
      async (handler, amount = 1) =>
        answered(
          await idempotent((_event: TestEvent, _context, claim) => handler(claim), optionsOf(store))(
            payment('K', { amount }),
            contextWith(),
          ),
        ),
  ],
  [
    'hooks',
    (store) =>
      async (handler, amount = 1) => {
        const hooks = idempotency(optionsOf(store))
        const chain = chainOf(middy, [hooks], (_event, context) => handler(claimOf(context)))
        return answered(await chain(payment('K', { amount }), contextWith()))
      },
  ],
]

const optionsOf = (store: MemoryStore): HttpOptions<TestEvent> => ({
  store,
  operation: 'payments',
  tenant: 'single-tenant',
})

const declined = () => ({ statusCode: 402, body: 'declined' })
const paid = () => ({ statusCode: 201, body: 'paid' })

const statusOf = ({ headers }: Answered): string | undefined => headers['idempotency-status']

describe.each(FORMS)('I19 In the %s form', (_, formOf) => {
  let call: Call
  let calls: ReturnType<typeof downstream>
  beforeEach(() => {
    call = formOf(memoryStore())
    calls = downstream()
  })

  test('a 4xx after a step abandons: only the same payload may run, and the step is kept', async () => {
    const { runs, does } = calls
    const answer = await call(async (claim) => {
      await step(claim, 'reserve', does(1))
      return declined()
    })
    expect(statusOf(answer)).toBe('abandoned')
    expect(await call(paid, 2)).toMatchObject({ statusCode: 422 })
    const again = await call(async (claim) => {
      await step(claim, 'reserve', does(2))
      await step(claim, 'charge', does(3))
      return paid()
    })
    expect(statusOf(again)).toBe('created')
    expect(runs).toEqual(['reserve', 'charge'])
  })

  test('a 4xx after a step that failed abandons', async () => {
    const answer = await call(async (claim) => {
      await step(claim, 'reserve', calls.fails()).catch(() => {})
      return declined()
    })
    expect(statusOf(answer)).toBe('abandoned')
  })

  test('a 4xx before the first step releases, also if a step was refused', async () => {
    const answer = await call(async (claim) => {
      await step(claim, 'no name', calls.does(1)).catch(() => {})
      return declined()
    })
    expect(statusOf(answer)).toBe('released')
    expect(statusOf(await call(paid, 2))).toBe('created')
  })

  test('a step that ends in NotDoneError does not count: a 4xx releases', async () => {
    const answer = await call(async (claim) => {
      await step(claim, 'charge', calls.fails(new NotDoneError('declined'))).catch(() => {})
      return declined()
    })
    expect(statusOf(answer)).toBe('released')
    const mended = await call(async (claim) => {
      await step(claim, 'charge', calls.does(1))
      return paid()
    }, 2)
    expect(statusOf(mended)).toBe('created')
    expect(calls.keysOf('charge')).toBe(2) // the provider would answer the first key with its stored refusal
  })

  test('but another step does count, also one that ran inside it or under the same name', async () => {
    const notDone = new NotDoneError('declined')
    for (const handler of [
      async (claim: Claim) => {
        await step(claim, 'reserve', calls.does(1))
        await step(claim, 'charge', calls.fails(notDone)).catch(() => {})
      },
      async (claim: Claim) => {
        const nested = async () => {
          await step(claim, 'inner', calls.does(1))
          throw notDone
        }
        await step(claim, 'outer', nested).catch(() => {})
      },
      async (claim: Claim) => {
        await step(claim, 'charge', calls.fails()).catch(() => {})
        await step(claim, 'charge', calls.fails(notDone)).catch(() => {})
      },
    ]) {
      const form = formOf(memoryStore())
      const answer = await form(async (claim) => {
        await handler(claim)
        return declined()
      })
      expect(statusOf(answer)).toBe('abandoned')
    }
  })

  test('release(answer) says that nothing was done or all was undone: it releases, and the steps go', async () => {
    const { runs, does } = calls
    const answer = await call(async (claim) => {
      await step(claim, 'reserve', does(1))
      await step(claim, 'undo', does(2))
      return release(declined())
    })
    expect(statusOf(answer)).toBe('released')
    await call(async (claim) => {
      await step(claim, 'reserve', does(3))
      return paid()
    }, 2)
    expect(runs).toEqual(['reserve', 'undo', 'reserve'])
    expect(calls.keysOf('reserve')).toBe(2)
  })

  test('NotDoneError out of the handler releases, and the next generation has no steps', async () => {
    const { runs, does } = calls
    const undone = new NotDoneError('declined')
    await expect(
      call(async (claim) => {
        await step(claim, 'reserve', does(1))
        throw undone
      }),
    ).rejects.toBe(undone)
    const next = await call(async (claim) => {
      await step(claim, 'reserve', does(2))
      return paid()
    }, 2)
    expect(statusOf(next)).toBe('created')
    expect(runs).toEqual(['reserve', 'reserve'])
    expect(calls.keysOf('reserve')).toBe(2)
  })

  test('a claim in doubt releases in no way', async () => {
    await expect(
      call(async (claim) => {
        await step(claim, 'reserve', calls.does(1))
        throw new TypeError('the socket broke')
      }),
    ).rejects.toThrow('the socket broke')
    expect(statusOf(await call(() => release(declined())))).toBe('abandoned')
    await expect(call(() => Promise.reject(new NotDoneError('declined')))).rejects.toThrow('declined')
    expect(await call(paid, 2)).toMatchObject({ statusCode: 422 })
  })
})

test('I19 an error with a 4xx that is meant for the client counts as its answer in the wrapper form', async () => {
  const [, formOf] = FORMS[0] as (typeof FORMS)[0]
  const thrown = Object.assign(new Error('no such order'), { expose: true, statusCode: 404 })
  for (const [steps, statusCode] of [
    [true, 422],
    [false, 201],
  ] as const) {
    const call = formOf(memoryStore())
    await expect(
      call(async (claim) => {
        if (steps) await step(claim, 'reserve', () => 1)
        throw thrown
      }),
    ).rejects.toBe(thrown)
    expect(await call(paid, 2)).toMatchObject({ statusCode })
  }
})
