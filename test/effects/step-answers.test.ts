import middy from '@middy/core'
import { step } from '../../lib/effects/index.ts'
import { claimOf, type HttpOptions, idempotency, idempotent } from '../../lib/http/index.ts'
import { type HandlerClaim, type IdempotencyEvent, NotDoneError, once, type RecordKey } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { type SqsOptions, sqsHandler } from '../../lib/sqs/index.ts'
import { faultyStore } from '../../lib/testing/index.ts'
import { type Downstream, downstream } from '../support/downstream.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { type Answered, answered, errorsLogged } from '../support/http-harness.ts'
import { chainOf } from '../support/middy-chain.ts'
import { aContext, anEvent, aRecord, type Order, redelivered, returned } from '../support/sqs.ts'

type Claim = HandlerClaim | undefined

const broken = new TypeError('the socket broke')

/** A store with faults, and what it and the layer said. */
const setUp = () => {
  const store = faultyStore(memoryStore())
  const events: IdempotencyEvent[] = []
  const options = {
    store,
    operation: 'payments',
    tenant: 'single-tenant' as const,
    observe: (event: IdempotencyEvent) => void events.push(event),
  }
  return { store, events, options }
}

/** A step that must not run twice. */
const text = (claim: Claim, run: Parameters<typeof step>[2]) => step(claim, 'text', run, { inDoubt: 'stop' })

type Call = (handler: (claim: Claim) => unknown) => Promise<Answered>

const FORMS: readonly (readonly [string, (options: HttpOptions<TestEvent>, key?: string | null) => Call])[] = [
  [
    'wrapper',
    (options, key = 'K') =>
      async (handler) => {
        const wrapped = idempotent((_event: TestEvent, _context, claim) => handler(claim), options)
        return answered(await wrapped(payment(key ?? undefined), contextWith()))
      },
  ],
  [
    'hooks',
    (options, key = 'K') =>
      async (handler) => {
        const chain = chainOf(middy, [idempotency(options)], (_event, context) => handler(claimOf(context)))
        return answered(await chain(payment(key ?? undefined), contextWith()))
      },
  ],
]

describe.each(FORMS)('I21 In the %s form', (_, formOf) => {
  test('a step that must not run twice, and may have run, is answered 409 outcome-unknown', async () => {
    const { options } = setUp()
    const { runs, does, fails } = downstream()
    const call = formOf(options)
    await expect(call((claim) => text(claim, fails(broken)))).rejects.toBe(broken)
    for (let retry = 0; retry < 2; retry++) {
      const { statusCode, headers, body } = await call((claim) => text(claim, does(1)))
      expect(statusCode).toBe(409)
      expect(headers['content-type']).toBe('application/problem+json')
      expect(JSON.parse(body)).toMatchObject({ code: 'outcome-unknown', retryable: false, key: 'keep' })
    }
    expect(runs).toEqual(['text'])
  })

  test('a step whose start cannot be written is answered 503, and the retry runs it', async () => {
    const { store, options } = setUp()
    const { runs, does } = downstream()
    const call = formOf(options)
    store.next('checkpoint', 'lost', 2)
    const handler = async (claim: Claim) => {
      await text(claim, does(1))
      return { statusCode: 201, body: 'sent' }
    }
    const { statusCode, headers, body } = await call(handler)
    expect({ statusCode, retryAfter: headers['retry-after'] }).toEqual({ statusCode: 503, retryAfter: '1' })
    expect(JSON.parse(body)).toMatchObject({ code: 'idempotency-unavailable', retryable: true, key: 'keep' })
    expect(runs).toEqual([])
    expect(await call(handler)).toMatchObject({ statusCode: 201, body: 'sent' })
    expect(runs).toEqual(['text'])
  })

  test('a handler that makes an answer of the error keeps it', async () => {
    const { options } = setUp()
    const call = formOf(options)
    await expect(call((claim) => text(claim, () => Promise.reject(broken)))).rejects.toBe(broken)
    const answer = await call(async (claim) => {
      await text(claim, () => 1).catch(() => {})
      return { statusCode: 202, body: 'a person looks' }
    })
    expect(answer).toMatchObject({ statusCode: 202, body: 'a person looks' })
  })
})

describe('I21 In SQS', () => {
  let calls: Downstream
  beforeEach(() => {
    calls = downstream()
  })

  const queue = (handler: (claim: Claim) => unknown, over: Partial<SqsOptions<Order>> = {}) => {
    const { store, options } = setUp()
    const reported: unknown[] = []
    const all = {
      ...options,
      key: ({ orderId }: Order) => orderId,
      onError: (error: unknown) => void reported.push(error),
      ...over,
    }
    return { store, reported, batch: sqsHandler<Order>((_message, claim) => handler(claim), all) }
  }

  test('a message whose step may have run is returned and reported with its record, and not tried twice in a batch', async () => {
    let fails = true
    const { batch, reported } = queue((claim) => text(claim, fails ? calls.fails(broken) : calls.does(1)))
    const event = anEvent(aRecord('o-1'))
    expect(returned(await batch(event, aContext()))).toEqual(['o-1'])
    fails = false
    reported.length = 0
    const twice = anEvent(...redelivered(event).Records, aRecord('o-1', { messageId: 'second' }))
    expect(returned(await batch(twice, aContext()))).toEqual(['o-1', 'second'])
    expect(calls.runs).toEqual(['text'])
    expect(reported).toEqual([
      expect.objectContaining({ code: 'outcome-unknown', message: expect.stringMatching(/\(record payments#/) }),
    ])
  })

  test('F10 after maxRuns runs it runs no more, and its record keeps the step that is in doubt', async () => {
    let runs = 0
    const keys = new Set<RecordKey>()
    const handler = async (claim: Claim): Promise<void> => {
      runs++
      if (claim) keys.add(claim.recordKey)
      await step(claim, 'reserve', calls.does(1))
      await text(claim, calls.fails(broken))
    }
    const { batch, store } = queue(handler, { maxRuns: 2 })
    let event = anEvent(aRecord('o-1'))
    for (let delivery = 1; delivery <= 5; delivery++) {
      expect(returned(await batch(event, aContext()))).toEqual(['o-1'])
      event = redelivered(event)
    }
    expect(runs).toBe(2)
    expect(calls.runs).toEqual(['reserve', 'text'])
    const record = await store.peek([...keys][0] as RecordKey, new AbortController().signal)
    expect(record).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: undefined, lastError: 'Poison' })
    expect([...((record?.status === 'IN_PROGRESS' && record.steps) || new Map()).keys()]).toEqual(['reserve', 'text'])
  })

  test('a message whose step could not start is returned and reported, and runs when it comes again', async () => {
    const { store, batch, reported } = queue((claim) => text(claim, calls.does(1)))
    const event = anEvent(aRecord('o-1'))
    store.next('checkpoint', 'lost', 2)
    expect(returned(await batch(event, aContext()))).toEqual(['o-1'])
    expect(reported).toEqual([expect.objectContaining({ code: 'idempotency-unavailable' })])
    expect(returned(await batch(redelivered(event), aContext()))).toEqual([])
    expect(calls.runs).toEqual(['text'])
  })

  test('I12 a redelivery runs the steps that were not kept', async () => {
    let fails = true
    const { batch } = queue(async (claim) => {
      await step(claim, 'reserve', calls.does(1))
      await step(claim, 'mail', fails ? calls.fails(broken) : calls.does(1))
    })
    const event = anEvent(aRecord('o-1'))
    expect(returned(await batch(event, aContext()))).toEqual(['o-1'])
    fails = false
    expect(returned(await batch(redelivered(event), aContext()))).toEqual([])
    expect(calls.runs).toEqual(['reserve', 'mail', 'mail'])
  })
})

describe('I36 Without a claim', () => {
  test.each(FORMS)(
    'because the request has no key (%s), each step runs once, and the event `skipped` says so',
    async (_, formOf) => {
      const { events, options } = setUp()
      const calls = downstream()
      const claims: Claim[] = []
      const answer = await formOf(
        { ...options, missingKey: 'pass' },
        null,
      )(async (claim) => {
        claims.push(claim)
        await step(claim, 'a', calls.does(1))
        return { statusCode: 201, body: await step(claim, 'b', calls.does('b')) }
      })
      expect(answer).toMatchObject({ statusCode: 201, body: 'b' })
      expect(claims).toEqual([undefined])
      expect(calls.runs).toEqual(['a', 'b'])
      expect(events).toEqual([{ type: 'skipped', operation: 'payments', reason: 'no-key' }])
    },
  )

  test('because the store is down, each step runs once, and the event `skipped` says so', async () => {
    const { store, events, options } = setUp()
    store.next('claim', 'unavailable', 2)
    const calls = downstream()
    const { tenant: _, ...common } = options
    const run = once({ ...common, storeDown: 'dangerouslyRunUnprotected' })
    const answer = await run({ key: 'K', tenant: 't', payload: 1 }, async (claim) => {
      expect(claim).toBeUndefined()
      await step(claim, 'a', calls.does(1), { inDoubt: 'stop' })
      return step(claim, 'b', calls.does('b'), { inDoubt: () => ({ done: 'never asked' }) })
    })
    expect(answer).toEqual({ value: 'b', status: 'unprotected' })
    expect(calls.runs).toEqual(['a', 'b'])
    expect(events.at(-1)).toEqual({ type: 'skipped', operation: 'payments', reason: 'store-down' })
    expect(store.calls.map(({ call }) => call)).not.toContain('checkpoint')
  })

  test('each run of a step has a key of its own, and a signal that never aborts', async () => {
    const keys = new Set<string>()
    for (let run = 0; run < 3; run++) {
      await step(undefined, 'a', ({ downstreamKey, name, signal }) => {
        expect([name, signal.aborted]).toEqual(['a', false])
        expect(downstreamKey).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        keys.add(downstreamKey)
      })
    }
    expect(keys.size).toBe(3)
  })

  test('an error of the step is thrown as it is', async () => {
    await expect(step(undefined, 'a', () => Promise.reject(broken))).rejects.toBe(broken)
  })
})

describe('I37 Names, results and reasons of steps', () => {
  const SECRETS = ['step-of-Ada', 'ch_secret', 'declined: card 4242', 'boom of Ada', 'key-of-Ada']
  const [name, result, reason, message, key] = SECRETS as [string, string, string, string, string]

  /** Every way in which a step can end. */
  const HANDLERS: readonly ((claim: Claim) => Promise<unknown>)[] = [
    (claim) => step(claim, name, () => ({ id: result }), { key }),
    (claim) => step(claim, name, () => Promise.reject(new Error(message)), { key }),
    (claim) => step(claim, name, () => Promise.reject(new NotDoneError(reason)), { key }),
    (claim) => step(claim, name, () => ({ id: result, big: 5n })),
    (claim) => text(claim, () => Promise.reject(new Error(message))),
    (claim) => step(claim, name, () => Promise.reject(new Error(message)), { inDoubt: 'stop' }),
    (claim) =>
      step(claim, name, () => 1, {
        inDoubt: () => {
          throw new Error(message)
        },
      }),
  ]

  test.each(FORMS)('appear in no event, log or problem of the %s form', async (_, formOf) => {
    const said: string[] = []
    const lines = await errorsLogged(async () => {
      for (const handler of HANDLERS) {
        const { store, events, options } = setUp()
        const call = formOf(options)
        for (let attempt = 0; attempt < 3; attempt++) {
          if (attempt === 1) store.next('checkpoint', 'answerLost', 2)
          const answer = await call(async (claim) => {
            await handler(claim)
            throw broken
          }).catch(() => undefined)
          if (answer !== undefined) said.push(JSON.stringify(answer))
        }
        said.push(JSON.stringify(events))
      }
    })
    said.push(...lines)
    expect(said.join()).toContain('"type":"stepNotKept"')
    expect(said.join()).toContain('outcome-unknown')
    for (const secret of SECRETS) expect(said.join()).not.toContain(secret)
  })

  test('appear in no log line of the layer about a message whose step may have run', async () => {
    const { options } = setUp()
    const batch = sqsHandler<Order>(
      (_message, claim) => step(claim, name, () => Promise.reject(broken), { inDoubt: 'stop', key }),
      { ...options, key: ({ orderId }) => orderId },
    )
    const event = anEvent(aRecord('o-1'))
    const lines = await errorsLogged(async () => {
      await batch(event, aContext())
      await batch(redelivered(event), aContext())
    })
    expect(lines.join()).toContain('record payments#')
    for (const secret of SECRETS) expect(lines.join()).not.toContain(secret)
  })
})
