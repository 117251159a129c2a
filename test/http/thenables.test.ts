import { runInNewContext } from 'node:vm'
import { claimOf, idempotency, idempotent } from '../../lib/http/index.ts'
import { type HandlerClaim, NotDoneError, once, TerminalError } from '../../lib/index.ts'
import { type MemoryStore, memoryStore } from '../../lib/memory/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { EVENT_KINDS, EVENT_MAKERS, payment, type TestEvent } from '../support/http-events.ts'
import { answered, gate } from '../support/http-harness.ts'
import { type Context, chainOf, MIDDYS, type Middy } from '../support/middy-chain.ts'
import { aContext, anEvent, aRecord, redelivered, returned } from '../support/sqs.ts'

/** A promise that is not a native one, as Bluebird's. */
class Later {
  readonly #promise: Promise<unknown>
  constructor(promise: Promise<unknown>) {
    this.#promise = promise
  }
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what this file is about
  then(...settlers: Parameters<Promise<unknown>['then']>): Later {
    return new Later(this.#promise.then(...settlers))
  }
}

/** Starts its work when it is awaited, as a query builder does. */
class Builder {
  readonly #work: () => Promise<unknown>
  constructor(work: () => Promise<unknown>) {
    this.#work = work
  }
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what this file is about
  then(...settlers: Parameters<Promise<unknown>['then']>): Promise<unknown> {
    return this.#work().then(...settlers)
  }
}

const callable = (work: () => Promise<unknown>): unknown => {
  const promise = work()
  return Object.assign(() => promise, {
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what this file is about
    then: (...settlers: Parameters<Promise<unknown>['then']>) => promise.then(...settlers),
  })
}

const ForeignPromise: PromiseConstructor = runInNewContext('Promise')

type Made = (work: () => Promise<unknown>) => unknown

const MADE: Readonly<Record<string, Made>> = {
  'a native promise': (work) => work(),
  'a promise of another kind': (work) => new Later(work()),
  'a query builder': (work) => new Builder(work),
  'a function that can be awaited': callable,
  'a promise of another realm': (work) =>
    new ForeignPromise((resolve, reject) => {
      work().then(resolve, reject)
    }),
}

interface Seen {
  /** What happened, oldest first. */
  readonly order: string[]
  readonly store: MemoryStore
}

/** A store that notes each settle. */
const watchedStore = (): Seen => {
  const order: string[] = []
  const store = memoryStore()
  const { settle } = store
  store.settle = (claim, settlement, signal) => {
    order.push(settlement.kind)
    return settle(claim, settlement, signal)
  }
  return { order, store }
}

/** Sends the same request twice to one handler, whose work ends as given. */
type Form = (seen: Seen, handler: (claim: HandlerClaim | undefined) => unknown) => () => Promise<unknown>

const options = ({ store }: Seen) => ({ store, operation: 'payments', tenant: 'single-tenant' as const })

const chained =
  (middy: Middy): Form =>
  (seen, handler) => {
    const onError = ({ error }: { error: unknown }): void => {
      seen.order.push(`told of ${error}`)
    }
    const run = chainOf(middy, [{ onError }, idempotency(options(seen))], (_event, context) =>
      handler(claimOf(context)),
    )
    return async () => answered(await run(payment('k'), aContext())).body
  }

const FORMS: Readonly<Record<string, Form>> = {
  ...Object.fromEntries(MIDDYS.map(([version, middy]) => [`hooks, Middy ${version}`, chained(middy)])),
  wrapper: (seen, handler) => {
    const run = idempotent((_event: TestEvent, _context, claim) => handler(claim), options(seen))
    return async () => answered(await run(payment('k'), aContext())).body
  },
  once: (seen, handler) => {
    const { store, operation } = options(seen)
    const run = once({ store, operation })
    return async () => ((await run({ key: 'k', tenant: 't', payload: 1 }, handler)).value as { body: string }).body
  },
}

const CASES = Object.entries(FORMS).flatMap(([form, make]) =>
  Object.entries(MADE).map(([kind, made]) => [form, kind, make, made] as const),
)

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 15))

describe("the handler's result is awaited under its claim", () => {
  test.each(CASES)('%s: C15 %s is settled when it has ended, and replayed', async (_form, _kind, make, made) => {
    const seen = watchedStore()
    let charges = 0
    const send = make(seen, (claim) =>
      made(async () => {
        await pause()
        seen.order.push('charged')
        return { statusCode: 201, body: `${++charges} under attempt ${claim?.attempt}` }
      }),
    )
    expect(await send()).toBe('1 under attempt 1')
    expect(await send()).toBe('1 under attempt 1')
    expect(seen.order).toEqual(['charged', 'completed'])
  })

  test.each(CASES)("%s: C4, C15 the rejection of %s is the handler's error", async (form, _kind, make, made) => {
    for (const [thrown, ending] of [
      [new RangeError('connection lost'), 'abandoned'],
      [new NotDoneError('out of stock'), 'released'],
      [new TerminalError('card blocked'), 'completed'],
      ['a string', 'abandoned'],
    ] as const) {
      const seen = watchedStore()
      const send = make(seen, () =>
        made(async () => {
          await pause()
          seen.order.push('failed')
          throw thrown
        }),
      )
      await expect(send()).rejects.toBe(thrown)
      expect(seen.order).toEqual(['failed', ending, ...(form.startsWith('hooks') ? [`told of ${thrown}`] : [])])
    }
  })

  test.each(Object.entries(MADE))('SQS: C15, C4 %s is settled when it has ended', async (_kind, made) => {
    const seen = watchedStore()
    let runs = 0
    const worker = sqsHandler<{ orderId: string }>(
      () =>
        made(async () => {
          await pause()
          seen.order.push(`ran ${++runs}`)
          if (runs === 1) throw new Error('connection lost')
        }),
      { ...options(seen), key: ({ orderId }) => orderId, onError: () => {} },
    )
    const event = anEvent(aRecord('o-1'))
    expect(returned(await worker(event, aContext()))).toEqual(['o-1'])
    expect(returned(await worker(redelivered(event), aContext()))).toEqual([])
    expect(seen.order).toEqual(['ran 1', 'abandoned', 'ran 2', 'completed'])
  })
})

describe.each(MIDDYS)('Middy %s, hook form', (_, middy) => {
  test.each(EVENT_KINDS)('C15: on %s the replay equals the answer', async (kind) => {
    const seen = watchedStore()
    const run = chainOf(
      middy,
      [idempotency(options(seen))],
      () => new Later(pause().then(() => ({ statusCode: 201, body: 'paid' }))),
    )
    const sent = () => EVENT_MAKERS[kind]({ headers: [['Idempotency-Key', 'k']], body: '{}' })
    const first = answered(await run(sent(), aContext()))
    const again = answered(await run(sent(), aContext()))
    expect(first).toMatchObject({ statusCode: 201, body: 'paid', headers: { 'idempotency-status': 'created' } })
    expect(again).toMatchObject({ statusCode: 201, body: 'paid', headers: { 'idempotency-status': 'replayed' } })
  })

  test('A12, C15: the handler has ended before the context gets its claim back, also without a claim', async () => {
    const seen = watchedStore()
    const claims: unknown[] = []
    const nested = chainOf(
      middy,
      [idempotency({ ...options(seen), missingKey: 'pass' })],
      (_event, context) =>
        new Builder(async () => {
          await pause()
          claims.push(claimOf(context))
          return { statusCode: 200, body: '' }
        }),
    )
    const outer = idempotent(async (_event: TestEvent, context: Context, claim) => {
      await nested(payment('k', {}, { method: 'GET' }), context)
      await nested(payment(undefined), context)
      claims.push(claimOf(context) === claim)
      return { statusCode: 201, body: '' }
    }, options(seen))
    await outer(payment('k'), aContext())
    expect(claims).toEqual([undefined, undefined, true])
  })

  test('C7, C15: a handler that is cut short, or ends close to the deadline, leaves its claim in force', async () => {
    const seen = watchedStore()
    const { opened, open } = gate()
    const run = chainOf(
      middy,
      [idempotency(options(seen))],
      () => new Later(opened.then(() => ({ statusCode: 201, body: 'late' }))),
    )
    setTimeout(open, 110) // Middy 6 answers 5 ms before the deadline; Middy 7 waits for native promises only
    const answer = await run(payment('k'), aContext(100)).catch((error: Error) => error.name)
    expect(typeof answer === 'string' ? answer : answered(answer).headers['idempotency-status']).toMatch(
      /TimeoutError|unstored/,
    )
    await opened
    expect(seen.order).toEqual([])
    expect(answered(await run(payment('k'), aContext())).body).toContain('in-progress')
  })
  test.each([
    [
      'throws',
      () => {
        throw new Error('response schema')
      },
    ],
    ['answers in its place', ({ response }: { response: unknown }) => ({ statusCode: 200, body: String(response) })],
  ])(
    'C6, H5: if a hook %s before the handler has ended, the claim stays in force until its lease ends',
    async (_name, judge) => {
      const seen = watchedStore()
      const { opened, open } = gate()
      const inner = {
        after: (request: { response: object }) => {
          if (!('statusCode' in request.response)) request.response = judge(request)
        },
      }
      const work = async (): Promise<unknown> => {
        await opened
        seen.order.push('charged')
        return { statusCode: 201, body: '' }
      }
      const run = chainOf(middy, [idempotency(options(seen)), inner], () => new Later(work()))
      const answer = run(payment('k'), aContext()).catch((error: Error) => error.message)
      await pause()
      expect(seen.order).toEqual([]) // Middy 7 gives the hook the unfinished promise
      expect(answered(await run(payment('k'), aContext())).body).toContain('in-progress')
      open()
      await answer
      expect(seen.order[0]).toBe('charged')
    },
  )
})
