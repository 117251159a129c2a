import middy from '@middy/core'
import { type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { millis } from '../../lib/core/time.ts'
import { type AbandonedClaim, type AbandonedPolicy, type Reconciled, reconcile } from '../../lib/effects/index.ts'
import { claimOf, type HttpOptions, idempotency, idempotent } from '../../lib/http/index.ts'
import { type IdempotencyEvent, once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { type SqsOptions, sqsHandler } from '../../lib/sqs/index.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { chainOf } from '../support/middy-chain.ts'
import { aContext, anEvent, aRecord, fakeSqs, movedTo, type Order, redelivered, returned } from '../support/sqs.ts'

interface Answer {
  readonly statusCode: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A form of an entry: one call of a handler that answers 201 or throws, and what the caller gets. */
interface Form {
  call(handler: (claim: { downstreamKey(name: string): string } | undefined) => unknown): Promise<Answer>
}

type Make = (ask: (subject: unknown, claim: AbandonedClaim) => Reconciled) => Form

const paid = { statusCode: 201, headers: { location: '/payments/1' }, body: '{"id":1}' }

const httpOptions = (abandoned: AbandonedPolicy<TestEvent>): HttpOptions<TestEvent> => ({
  store: memoryStore(),
  operation: 'payments',
  tenant: 'single-tenant',
  abandoned,
})

const asAnswer = (result: Promise<unknown>): Promise<Answer> =>
  result.then(
    (answer) => answer as Answer,
    () => ({ statusCode: 500 }),
  )

const FORMS: readonly (readonly [string, Make])[] = [
  [
    'wrapper',
    (ask) => {
      const options = httpOptions(reconcile(ask))
      const event = payment('K')
      return {
        call: (handler) =>
          asAnswer(idempotent((_event: TestEvent, _context, claim) => handler(claim), options)(event, contextWith())),
      }
    },
  ],
  [
    'hooks',
    (ask) => {
      const hooks = idempotency(httpOptions(reconcile(ask)))
      const event = payment('K')
      return {
        call: (handler) =>
          asAnswer(chainOf(middy, [hooks], (_event, context) => handler(claimOf(context)))(event, contextWith())),
      }
    },
  ],
  [
    'once',
    (ask) => {
      const run = once({ store: memoryStore(), operation: 'payments', abandoned: reconcile(ask) })
      return {
        call: (handler) =>
          run({ key: 'K', tenant: 't', payload: 1 }, async (claim) => handler(claim)).then(
            ({ value, status }) => ({ ...(value as Answer), headers: { 'Idempotency-Status': status } }),
            ({ code, retryAfterSeconds }) => ({
              statusCode: code === 'outcome-pending' ? 409 : 500,
              headers: { 'Retry-After': String(retryAfterSeconds) },
              body: JSON.stringify({ code }),
            }),
          ),
      }
    },
  ],
]

describe.each(FORMS)('I11 in the %s form', (_, make) => {
  const fail = () => {
    throw new Error('in doubt')
  }

  test('I2 done is answered as a replay, with no run, and so is every call after it', async () => {
    const subjects: unknown[] = []
    const form = make((subject) => {
      subjects.push(subject)
      return { done: paid }
    })
    await form.call(fail)
    let runs = 0
    for (let call = 0; call < 2; call++) {
      const answer = await form.call(() => ++runs)
      expect(answer).toMatchObject({ statusCode: 201, body: '{"id":1}' })
      expect(answer.headers?.['Idempotency-Status']).toBe('replayed')
    }
    expect(runs).toBe(0)
    expect(subjects).toHaveLength(1)
    expect(subjects[0]).toMatchObject(expect.any(Object))
  })

  test('I3 rerun runs under the same downstream keys', async () => {
    const keys: (string | undefined)[] = []
    const form = make(() => ({ rerun: true }))
    await form.call((claim) => {
      keys.push(claim?.downstreamKey('charge'))
      throw new Error('in doubt')
    })
    await form.call((claim) => {
      keys.push(claim?.downstreamKey('charge'))
      return paid
    })
    expect(keys[0]).toBe(keys[1])
  })

  test('I4 notDone runs under new downstream keys', async () => {
    const keys: (string | undefined)[] = []
    const form = make(() => ({ notDone: true }))
    await form.call((claim) => {
      keys.push(claim?.downstreamKey('charge'))
      throw new Error('in doubt')
    })
    await form.call((claim) => {
      keys.push(claim?.downstreamKey('charge'))
      return paid
    })
    expect(keys).toHaveLength(2)
    expect(keys[0]).not.toBe(keys[1])
  })

  test('I5 unknown is 409 outcome-pending with Retry-After, and no run', async () => {
    let runs = 0
    const form = make(() => ({ unknown: true, retryAfterSeconds: 30 }))
    await form.call(fail)
    for (let call = 0; call < 2; call++) {
      const answer = await form.call(() => ++runs)
      expect(answer.statusCode).toBe(409)
      expect(JSON.parse(answer.body ?? '{}').code).toBe('outcome-pending')
      expect(Number(answer.headers?.['Retry-After'])).toBeGreaterThanOrEqual(30)
      expect(Number(answer.headers?.['Retry-After'])).toBeLessThanOrEqual(33)
    }
    expect(runs).toBe(0)
  })
})

test('I2 a done 4xx is stored as FAILED and replayed, whatever the policy would say of it', async () => {
  const options = httpOptions(reconcile(() => ({ done: { statusCode: 402, body: 'declined' } })))
  const handler = idempotent(() => ({ statusCode: 500 }), options)
  const call = () => handler(payment('K'), contextWith()) as Promise<Answer>
  await call()
  expect(await call()).toMatchObject({ statusCode: 402, body: 'declined' })
  expect(await call()).toMatchObject({ headers: { 'Idempotency-Status': 'replayed' } })
})

test('I1 a 5xx is asked about too', async () => {
  let questions = 0
  const options = httpOptions(
    reconcile(() => {
      questions++
      return { done: paid }
    }),
  )
  const handler = idempotent(() => ({ statusCode: 502 }), options)
  await handler(payment('K'), contextWith())
  expect(await handler(payment('K'), contextWith())).toMatchObject({ statusCode: 201 })
  expect(questions).toBe(1)
})

/** A store and a runtime whose time passes only when the test says so. */
const onAClock = () => {
  const clock = { at: Date.now() }
  const now = () => clock.at as never
  return { clock, store: memoryStore({ now }), runtime: { ...systemRuntime, now, monotonic: now } }
}

describe('I10 SQS', () => {
  const orders = (
    ask: () => Reconciled | Promise<Reconciled>,
    over: Partial<SqsOptions<Order>> = {},
  ): SqsOptions<Order> & { readonly events: IdempotencyEvent[] } => {
    const events: IdempotencyEvent[] = []
    return {
      store: memoryStore(),
      operation: 'orders',
      tenant: 'single-tenant',
      key: ({ orderId }) => orderId,
      abandoned: reconcile(ask),
      observe: (event) => void events.push(event),
      onError: () => {},
      events,
      ...over,
    } as SqsOptions<Order> & { readonly events: IdempotencyEvent[] }
  }
  const fail = () => {
    throw new Error('in doubt')
  }

  test('done acknowledges without a run', async () => {
    const { events: _, ...options } = orders(() => ({ done: true }))
    let event = anEvent(aRecord('a'))
    expect(returned(await sqsHandler<Order>(fail, options)(event, aContext()))).toEqual(['a'])
    event = redelivered(event)
    let runs = 0
    const handler = sqsHandler<Order>(() => void runs++, options)
    expect(returned(await handler(event, aContext()))).toEqual([])
    expect(returned(await handler(redelivered(event), aContext()))).toEqual([])
    expect(runs).toBe(0)
  })

  test('pending returns the message, and moves its visibility to the next question', async () => {
    const sqs = fakeSqs()
    const { events: _, ...options } = orders(() => ({ unknown: true, retryAfterSeconds: 120 }), {
      visibility: 'move',
      sqs,
    })
    const event = anEvent(aRecord('a'))
    await sqsHandler<Order>(fail, options)(event, aContext())
    expect(returned(await sqsHandler<Order>(fail, options)(redelivered(event), aContext()))).toEqual(['a'])
    expect(movedTo(sqs).a).toBe(123)
  })

  test('on FIFO a pending message holds back its followers', async () => {
    const { events: _, ...options } = orders(() => ({ unknown: true }))
    const first = aRecord('a', { group: 'g' })
    await sqsHandler<Order>(fail, options)(anEvent(first), aContext())
    let runs = 0
    const handler = sqsHandler<Order>(() => void runs++, options)
    const event = redelivered(anEvent(first, aRecord('b', { group: 'g' })))
    expect(returned(await handler(event, aContext()))).toEqual(['a', 'b'])
    expect(runs).toBe(0)
  })

  test('questions are not counted as runs: a message is not poison for having been asked about', async () => {
    let asked = 0
    const { events, ...options } = orders(
      () => (++asked <= 5 ? { unknown: true, retryAfterSeconds: 1 } : { rerun: true }),
      {
        maxRuns: 2,
      },
    )
    const { clock, store, runtime } = onAClock()
    let event = anEvent(aRecord('a'))
    let runs = 0
    const handler = sqsHandler<Order>(
      () => {
        if (++runs === 1) fail()
      },
      { ...options, store, runtime },
    )
    for (let delivery = 0; delivery < 8 && runs < 2; delivery++) {
      await handler(event, { getRemainingTimeInMillis: () => 30_000 })
      clock.at += 5_000
      event = redelivered(event)
    }
    expect(asked).toBe(6)
    expect(runs).toBe(2)
    expect(events.map(({ type }) => type)).not.toContain('poisoned')
  })

  test('I10 a question that is not answered in time counts as a run, as a crash does', async () => {
    let asked = 0
    const { events, ...options } = orders(() => (++asked === 1 ? new Promise<never>(() => {}) : { rerun: true }), {
      maxRuns: 2,
    })
    const { clock, store, runtime } = onAClock()
    // The question is over at once, in real time.
    const hurried: Runtime = { ...runtime, withDeadline: (_, run) => runtime.withDeadline(millis(50), run) }
    let runs = 0
    const fails = (): never => {
      runs++
      return fail()
    }
    const handler = sqsHandler<Order>(fails, { ...options, store, runtime: hurried })
    for (let delivery = 1; delivery <= 3; delivery++) {
      await handler(anEvent(aRecord('a')), { getRemainingTimeInMillis: () => 30_000 })
      clock.at += 60_000
    }
    expect(asked).toBe(2)
    expect(runs).toBe(1)
    expect(events.map(({ type }) => type)).toContain('poisoned')
  })
})
