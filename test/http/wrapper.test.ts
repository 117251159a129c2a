import { randomBytes } from 'node:crypto'
import {
  claimOf,
  type HandlerClaim,
  idempotent,
  NotDoneError,
  storeDeterministic,
  storeEverything,
  TerminalError,
} from '../../lib/http/index.ts'
import { dynamoDbStreamKey } from '../../lib/sources/index.ts'
import { contextWith, EVENT_KINDS, EVENT_MAKERS, payment, type TestEvent } from '../support/http-events.ts'
import { type Answered, answered, errorsLogged, gate, type Harness, harness } from '../support/http-harness.ts'
import { startStopwatch } from '../support/stopwatch.ts'
import { wireOf } from '../support/wire.ts'

type Result = unknown
type Business = (event: TestEvent, run: number, claim: HandlerClaim | undefined) => Result | Promise<Result>

interface Subject {
  readonly send: (event: TestEvent, remaining?: number) => Promise<Answered>
  readonly raw: (event: TestEvent) => Promise<unknown>
  runs(): number
}

const subject = ({ options }: Pick<Harness, 'options'>, business: Business): Subject => {
  let runs = 0
  const handler = idempotent((event: TestEvent, _context, claim) => business(event, ++runs, claim), options)
  return {
    send: async (event, remaining) => answered(await handler(event, contextWith(remaining))),
    raw: (event) => handler(event, contextWith()),
    runs: () => runs,
  }
}

const created = (_event: TestEvent, run: number): Result => ({
  statusCode: 201,
  headers: { Location: `/payments/p_${run}`, 'Content-Type': 'application/json' },
  body: `{"id":"p_${run}"}`,
})

const problem = ({ body }: Answered): Record<string, unknown> => JSON.parse(body)

describe('a payment and its retries', () => {
  test('E1, A1: the first call is answered as the handler answered, in two round trips', async () => {
    const h = await harness()
    const { send, runs } = subject(h, created)
    const answer = await send(payment('k-1'))
    expect(answer).toMatchObject({ statusCode: 201, body: '{"id":"p_1"}' })
    expect(answer.headers).toEqual({
      location: '/payments/p_1',
      'content-type': 'application/json',
      'idempotency-status': 'created',
    })
    expect(runs()).toBe(1)
    expect(h.calls).toEqual(['claim', 'settle'])
    expect(h.events.map(({ type }) => type)).toEqual(['claimed', 'completed'])
  })

  test('A1: the record is in progress while the handler runs, and settled before the answer leaves', async () => {
    const h = await harness()
    const seen: unknown[] = []
    const { send } = subject(h, async (event, run) => {
      seen.push((await h.record())?.status)
      return created(event, run)
    })
    await send(payment('k-1'))
    expect(seen).toEqual(['IN_PROGRESS'])
    expect((await h.record())?.status).toBe('SUCCEEDED')
  })

  test('E2, A2: a retry gets the same answer in one round trip, marked as a replay', async () => {
    const h = await harness()
    const { send, runs } = subject(h, (event, run) => ({
      ...(created(event, run) as object),
      headers: { Location: '/payments/p_1', Date: 'then', 'X-Request-Id': 'r', 'Set-Cookie': 'a=b', 'X-Own': 'kept' },
      cookies: ['session=1'],
    }))
    const first = await send(payment('k-1'))
    h.calls.length = 0
    const second = await send(payment('k-1'))
    expect(runs()).toBe(1)
    expect(h.calls).toEqual(['claim'])
    expect(second.statusCode).toBe(first.statusCode)
    expect(second.body).toBe(first.body)
    expect(second.headers).toEqual({
      location: '/payments/p_1',
      'x-own': 'kept',
      'idempotent-replayed': 'true',
      'idempotency-status': 'replayed',
    })
    expect(second.cookies).toBeUndefined()
  })

  test('E7: the quoted and the raw spelling are the same key', async () => {
    const { send, runs } = subject(await harness(), created)
    await send(payment('abc'))
    expect((await send(payment('"abc"'))).headers['idempotency-status']).toBe('replayed')
    expect(runs()).toBe(1)
  })

  test('E3: another body is 422, and does not change the record', async () => {
    const h = await harness()
    const { send, runs } = subject(h, created)
    await send(payment('k-1', { amount: 1 }))
    const before = await h.record()
    const other = await send(payment('k-1', { amount: 2 }))
    expect(other.statusCode).toBe(422)
    expect(problem(other)).toMatchObject({ code: 'key-reused', retryable: false, key: 'rotate' })
    expect(other.headers['idempotency-status']).toBeUndefined()
    expect(await h.record()).toEqual(before)
    expect((await send(payment('k-1', { amount: 1 }))).headers['idempotency-status']).toBe('replayed')
    expect(runs()).toBe(1)
  })

  test('E3, E4, A7: while the first is in progress, another body is 422 and the same one 409; neither writes', async () => {
    const h = await harness()
    const { opened, open } = gate()
    const started = gate()
    const { send, runs } = subject(h, async (event, run) => {
      started.open()
      await opened
      return created(event, run)
    })
    const first = send(payment('k-1', { amount: 1 }), 5_000)
    await started.opened
    const before = await h.record()
    const same = await send(payment('k-1', { amount: 1 }))
    const other = await send(payment('k-1', { amount: 2 }))
    expect(same.statusCode).toBe(409)
    expect(problem(same)).toMatchObject({ code: 'in-progress', retryable: true, key: 'keep' })
    const wait = Number(same.headers['retry-after'])
    expect(wait).toBeGreaterThanOrEqual(1)
    expect(wait).toBeLessThanOrEqual(5 + 1 + 2 + 2)
    expect(other.statusCode).toBe(422)
    expect(await h.record()).toEqual(before)
    open()
    expect((await first).headers['idempotency-status']).toBe('created')
    expect(runs()).toBe(1)
  })

  test.each([2, 10, 100])(
    'A3: of %i simultaneous first calls one runs; the others get a conflict or its answer',
    async (n) => {
      const h = await harness()
      const { send, runs } = subject(h, created)
      for (let round = 0; round < Math.ceil(60 / n); round++) {
        const before = runs()
        const answers = await Promise.all(Array.from({ length: n }, () => send(payment(`k-${n}-${round}`))))
        expect(runs() - before).toBe(1)
        const statuses = answers.map(({ statusCode }) => statusCode)
        expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([])
        const bodies = new Set(answers.filter(({ statusCode }) => statusCode === 201).map(({ body }) => body))
        expect(bodies).toEqual(new Set([`{"id":"p_${runs()}"}`]))
        expect((await send(payment(`k-${n}-${round}`))).headers['idempotency-status']).toBe('replayed')
      }
    },
  )

  test('A11: what the handler does to the event, its headers or its context changes nothing about the claim', async () => {
    const { send, runs } = subject(await harness(), (event, run) => {
      const answer = created(event, run)
      event.headers = { 'idempotency-key': 'other' }
      event.body = 'other'
      event.requestContext = {}
      return answer
    })
    await send(payment('k-1'))
    expect((await send(payment('k-1'))).headers['idempotency-status']).toBe('replayed')
    expect(runs()).toBe(1)
  })

  test('A12: 64 interleaved calls through one handler do not mix', async () => {
    const { send, runs } = subject(await harness(), async (event) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
      return { statusCode: 201, body: event.body ?? '' }
    })
    const events = (): TestEvent[] =>
      Array.from({ length: 64 }, (_, at) =>
        payment(`k-${at % 32}`, { at }, { merchantId: `m-${at % 2}-${Math.floor(at / 32)}` }),
      )
    const first = await Promise.all(events().map((event) => send(event)))
    const second = await Promise.all(events().map((event) => send(event)))
    expect(first.map(({ body }) => JSON.parse(body).at)).toEqual(Array.from({ length: 64 }, (_, at) => at))
    expect(second.map(({ body }) => body)).toEqual(first.map(({ body }) => body))
    expect(runs()).toBe(64)
  })

  test('A12: nested idempotent calls do not mix', async () => {
    const h = await harness()
    const inner = subject({ options: { ...h.options, operation: 'ledger' } }, () => ({
      statusCode: 201,
      body: 'inner',
    }))
    const outer = subject(h, async (event) => ({ statusCode: 201, body: `outer ${(await inner.send(event)).body}` }))
    expect((await outer.send(payment('k-1'))).body).toBe('outer inner')
    expect((await outer.send(payment('k-1'))).body).toBe('outer inner')
    expect((await inner.send(payment('k-1'))).body).toBe('inner')
    expect([inner.runs(), outer.runs()]).toEqual([1, 1])
  })
})

describe('claimOf', () => {
  test("A12: the context has the wrapper's claim, also in a call within a call, until the run ends", async () => {
    const h = await harness()
    const seen: unknown[] = []
    const keyOf = (context: object) => claimOf(context)?.downstreamKey('charge')
    const inner = idempotent(
      async (_event: TestEvent, context: object, claim) => {
        await new Promise(setImmediate)
        seen.push(keyOf(context) === claim?.downstreamKey('charge'))
        return { statusCode: 201, body: '' }
      },
      { ...h.options, operation: 'ledger' },
    )
    const outer = idempotent(async (event: TestEvent, context: { getRemainingTimeInMillis(): number }, claim) => {
      const before = keyOf(context)
      await inner(event, context)
      seen.push(before === claim?.downstreamKey('charge') && keyOf(context) === before)
      throw new Error('failed')
    }, h.options)
    const context = contextWith()
    await expect(outer(payment('k-1'), context)).rejects.toThrow('failed')
    expect(seen).toEqual([true, true])
    expect(claimOf(context)).toBeUndefined()
  })

  test('A12: a call without a claim has none, even within a call that has one', async () => {
    const h = await harness({ missingKey: 'pass' })
    const seen: unknown[] = []
    const inner = idempotent((_event: TestEvent, context: object) => {
      seen.push(claimOf(context))
      return { statusCode: 200, body: '' }
    }, h.options)
    const outer = idempotent(async (_event: TestEvent, context: { getRemainingTimeInMillis(): number }) => {
      await inner(payment('k-1', {}, { method: 'GET' }), context)
      await inner(payment(undefined), context)
      return { statusCode: 201, body: '' }
    }, h.options)
    await outer(payment('k-1'), contextWith())
    expect(seen).toEqual([undefined, undefined])
  })

  test('a handler that is called without a context runs', async () => {
    const { options } = await harness()
    const handler = idempotent(async (event: TestEvent) => ({ statusCode: 201, body: String(event.body) }), options)
    expect(answered(await handler(payment('k-1', 7), undefined as never))).toMatchObject({ statusCode: 201, body: '7' })
  })
})

describe('scope', () => {
  test('D3, G4: another tenant with the same key gets its own run, and learns nothing', async () => {
    const { send, runs } = subject(await harness(), (event, run) => ({ statusCode: 201, body: `${run} ${event.body}` }))
    const a = await send(payment('k-1', { amount: 1 }, { merchantId: 'a' }))
    const b = await send(payment('k-1', { amount: 2 }, { merchantId: 'b' }))
    expect([a.headers['idempotency-status'], b.headers['idempotency-status']]).toEqual(['created', 'created'])
    expect(runs()).toBe(2)
  })

  test.each(EVENT_KINDS)('D3, E8: on %s another path or method is another operation', async (kind) => {
    const h = await harness({ tenant: 'single-tenant', methods: ['POST', 'PATCH'] })
    const { send, runs } = subject(h, created)
    const headers = [['Idempotency-Key', 'k-1']] as const
    for (const method of ['POST', 'PATCH']) {
      for (const path of ['/payments', '/refunds']) {
        const sent = { method, path, template: undefined, headers, body: '{}' }
        expect((await send(EVENT_MAKERS[kind](sent))).headers['idempotency-status']).toBe('created')
        expect((await send(EVENT_MAKERS[kind](sent))).headers['idempotency-status']).toBe('replayed')
      }
    }
    expect(runs()).toBe(4)
  })

  test('the same key for another resource of one template is a mismatch, also with the option payload', async () => {
    const { send } = subject(await harness({ payload: () => 'always the same' }), created)
    const refund = (id: string): TestEvent =>
      payment(
        'k-1',
        {},
        { path: `/payments/${id}/refunds`, template: '/payments/{id}/refunds', pathParameters: { id } },
      )
    expect((await send(refund('p_1'))).statusCode).toBe(201)
    expect((await send(refund('p_2'))).statusCode).toBe(422)
  })

  test.each(EVENT_KINDS)('on %s the path counts with the option route, also with the option payload', async (kind) => {
    for (const payload of [undefined, () => 'always the same']) {
      const route = () => '/payments/{id}/refunds'
      const h = await harness({ tenant: 'single-tenant', route, ...(payload === undefined ? {} : { payload }) })
      const { send, runs } = subject(h, created)
      const refund = (id: string): TestEvent =>
        EVENT_MAKERS[kind]({
          path: `/payments/${id}/refunds`,
          template: undefined,
          headers: [['Idempotency-Key', 'k-1']],
          body: '{}',
        })
      expect((await send(refund('p_1'))).headers['idempotency-status']).toBe('created')
      expect((await send(refund('p_1'))).headers['idempotency-status']).toBe('replayed')
      expect((await send(refund('p_2'))).statusCode).toBe(422)
      expect(runs()).toBe(1)
    }
  })

  test.each([undefined, '', null, 7])(
    'D1: a tenant function that answers %p is an error, without a store call',
    async (tenant) => {
      const h = await harness({ tenant: () => tenant as never })
      const { send, runs } = subject(h, created)
      const logged = await errorsLogged(async () => {
        const answer = await send(payment('k-1'))
        expect(answer.statusCode).toBe(500)
        expect(problem(answer)).toMatchObject({ code: 'scope-missing' })
      })
      expect(logged).toEqual([
        expect.stringMatching(/^lambda-once: scope-missing: The tenant option answered .+; it must answer a text$/),
      ])
      expect([h.calls, runs()]).toEqual([[], 0])
    },
  )

  test('the option payload decides what counts as the same request', async () => {
    const h = await harness({ payload: (event) => JSON.parse(event.body ?? '').amount })
    const { send } = subject(h, created)
    await send(payment('k-1', { amount: 1, at: 'now' }))
    expect((await send(payment('k-1', { amount: 1, at: 'later' }))).headers['idempotency-status']).toBe('replayed')
    expect((await send(payment('k-1', { amount: 2, at: 'now' }))).statusCode).toBe(422)
  })

  test('a payload that JSON would change is refused before anything is written', async () => {
    const h = await harness({ payload: () => new Map([['amount', 1]]) })
    const { send, runs } = subject(h, created)
    const logged = await errorsLogged(async () => {
      const answer = await send(payment('k-1'))
      expect([answer.statusCode, problem(answer).code]).toEqual([500, 'payload-invalid'])
    })
    expect(logged).toEqual([expect.stringContaining('$ is an instance of Map')])
    expect([h.calls, runs()]).toEqual([[], 0])
  })

  test('the query is part of the payload', async () => {
    const { send } = subject(await harness(), created)
    await send(payment('k-1', {}, { query: 'a=1&b=2' }))
    expect((await send(payment('k-1', {}, { query: 'b=2&a=1' }))).headers['idempotency-status']).toBe('replayed')
    expect((await send(payment('k-1', {}, { query: 'a=1' }))).statusCode).toBe(422)
  })
})

describe('the key', () => {
  test('E6: a missing key that is required is 400, without a store call', async () => {
    const h = await harness({ docsUrl: 'https://api.example/idempotency' })
    const { send, runs } = subject(h, created)
    const answer = await send(payment(undefined))
    expect(answer.statusCode).toBe(400)
    expect(problem(answer)).toMatchObject({ code: 'key-missing' })
    expect(answer.headers.link).toBe('<https://api.example/idempotency#key-missing>; rel="describedby"')
    expect([h.calls, runs()]).toEqual([[], 0])
  })

  test('E6: a request without an optional key runs each time', async () => {
    const h = await harness({ missingKey: 'pass' })
    const claims: unknown[] = []
    const { send, runs } = subject(h, (event, run, claim) => {
      claims.push(claim)
      return created(event, run)
    })
    expect((await send(payment(undefined))).headers['idempotency-status']).toBe('none')
    expect((await send(payment(undefined))).headers['idempotency-status']).toBe('none')
    expect([h.calls, runs(), claims]).toEqual([[], 2, [undefined, undefined]])
    expect(h.events).toEqual([
      { type: 'skipped', operation: 'payments', reason: 'no-key' },
      { type: 'skipped', operation: 'payments', reason: 'no-key' },
    ])
  })

  test('E7: a malformed key is 400, without a store call, even if the key is optional', async () => {
    for (const missingKey of ['reject', 'pass'] as const) {
      const h = await harness({ missingKey })
      const { send, runs } = subject(h, created)
      for (const key of ['', 'a, b', '"a', 'ä', 'x'.repeat(256)]) {
        const answer = await send(payment(key))
        expect([answer.statusCode, problem(answer).code]).toEqual([400, 'key-invalid'])
      }
      expect([h.calls, runs()]).toEqual([[], 0])
    }
  })

  test('E7: strict accepts only the quoted spelling', async () => {
    const { send } = subject(await harness({ key: { header: 'strict' } }), created)
    expect((await send(payment('abc'))).statusCode).toBe(400)
    expect((await send(payment('"abc"'))).statusCode).toBe(201)
  })

  test.each(EVENT_KINDS)('E7, E8: on %s a header of another name gives the key, in any case', async (kind) => {
    const { raw, runs } = subject(await harness({ key: { header: 'X-Idempotency-Key', profile: 'compat' } }), created)
    const send = async (name: string, value: string) =>
      answered(await raw(EVENT_MAKERS[kind]({ headers: [[name, value]], body: '{}' })))
    expect((await send('X-Idempotency-Key', 'abc')).headers['idempotency-status']).toBe('created')
    expect((await send('x-idempotency-KEY', '"abc"')).headers['idempotency-status']).toBe('replayed')
    const refused = await send('Idempotency-Key', 'abc')
    expect(refused.statusCode).toBe(400)
    expect(problem(refused)).toMatchObject({
      code: 'key-missing',
      detail: expect.stringContaining('X-Idempotency-Key'),
    })
    expect(runs()).toBe(1)
  })

  test('E7: a header of another name may be strict', async () => {
    const { raw } = subject(await harness({ key: { header: 'X-Idempotency-Key', profile: 'strict' } }), created)
    const send = async (value: string) =>
      answered(await raw(EVENT_MAKERS['http-api']({ headers: [['X-Idempotency-Key', value]], body: '{}' })))
    expect((await send('abc')).statusCode).toBe(400)
    expect((await send('"abc"')).statusCode).toBe(201)
  })

  test('a function of the event gives the key', async () => {
    const { send, runs } = subject(await harness({ key: (event) => JSON.parse(event.body ?? '').orderId }), created)
    await send(payment(undefined, { orderId: 'o-1' }))
    expect((await send(payment(undefined, { orderId: 'o-1' }))).headers['idempotency-status']).toBe('replayed')
    expect((await send(payment(undefined, {}))).statusCode).toBe(400)
    expect(runs()).toBe(1)
  })

  test.each([
    [42, '42'],
    [0, '0'],
    [-0, '0'],
    [-7, '-7'],
    [2 ** 53 - 1, '9007199254740991'],
  ])('D1: a key that is the number %p is its decimal text %p', async (number, text) => {
    const h = await harness({ key: () => number })
    const { send, runs } = subject(h, created)
    expect((await send(payment(undefined))).headers['idempotency-status']).toBe('created')
    const { send: asText } = subject({ options: { ...h.options, key: () => text } }, created)
    expect((await asText(payment(undefined))).headers['idempotency-status']).toBe('replayed')
    expect(runs()).toBe(1)
  })

  test.each([2 ** 53, -(2 ** 53), 1.5, 1n, Number.NaN, Number.POSITIVE_INFINITY, true, {}, ['k'], Symbol('k')])(
    'D1: a key function that answers %p is a mistake of the function, without a store call',
    async (key) => {
      const h = await harness({ key: () => key as never })
      const { send, runs } = subject(h, created)
      const logged = await errorsLogged(async () => {
        const answer = problem(await send(payment(undefined)))
        expect(answer).toMatchObject({ status: 500, code: 'scope-missing', key: 'keep' })
      })
      expect(logged).toEqual([expect.stringMatching(/^lambda-once: scope-missing: The key option answered /)])
      expect([h.calls, runs()]).toEqual([[], 0])
    },
  )

  test('E7: a text that is too long or not well-formed is the client’s mistake', async () => {
    for (const key of ['x'.repeat(256), '\ud800']) {
      const { send } = subject(await harness({ key: () => key }), created)
      expect(problem(await send(payment(undefined)))).toMatchObject({ status: 400, code: 'key-invalid' })
    }
  })

  test('a promise for a key is a mistake of the function: its client keeps its key, and the log names the option', async () => {
    const h = await harness({ key: (async () => 'o-1') as never })
    const { send, runs } = subject(h, created)
    const logged = await errorsLogged(async () => {
      expect(problem(await send(payment(undefined)))).toMatchObject({ status: 500, code: 'scope-missing', key: 'keep' })
    })
    expect(logged).toEqual(['lambda-once: scope-missing: The key option answered a Promise; it must answer a text'])
    expect([h.calls, runs()]).toEqual([[], 0])
  })

  test('an error of the layer that the function throws, as those of lambda-once/sources do, is a problem', async () => {
    const { send } = subject(await harness({ key: () => dynamoDbStreamKey({}) }), created)
    expect(problem(await send(payment(undefined)))).toMatchObject({ status: 400, code: 'key-missing' })
  })

  test('E10: GET, HEAD, OPTIONS and each method that is not listed pass through untouched', async () => {
    const h = await harness()
    const { raw, runs } = subject(h, () => ({ statusCode: 200, body: 'list' }))
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
      expect(await raw(payment('k-1', {}, { method }))).toEqual({ statusCode: 200, body: 'list' })
    }
    expect([h.calls, runs()]).toEqual([[], 5])
  })
})

describe('outcomes', () => {
  test('E9: a 4xx releases the key: the client may correct the body', async () => {
    const h = await harness()
    const keys: (string | undefined)[] = []
    const { send } = subject(h, (event, run, claim) => {
      keys.push(claim?.downstreamKey('charge'))
      return run === 1 ? { statusCode: 402, body: 'declined' } : created(event, run)
    })
    const declined = await send(payment('k-1', { card: 'bad' }))
    expect([declined.statusCode, declined.headers['idempotency-status']]).toEqual([402, 'released'])
    expect((await send(payment('k-1', { card: 'good' }))).headers['idempotency-status']).toBe('created')
    expect(keys[0]).not.toBe(keys[1])
  })

  test('E9, C10: a 5xx abandons: the same body runs again at once, another is 422; a 4xx then does not release', async () => {
    const h = await harness()
    const statuses = [503, 400, 201]
    const keys: (string | undefined)[] = []
    const { send, runs } = subject(h, (_event, run, claim) => {
      keys.push(claim?.downstreamKey('charge'))
      return { statusCode: statuses[run - 1], body: '' }
    })
    expect((await send(payment('k-1'))).headers['idempotency-status']).toBe('abandoned')
    expect((await send(payment('k-1', { amount: 2 }))).statusCode).toBe(422)
    expect((await send(payment('k-1'))).headers['idempotency-status']).toBe('abandoned')
    expect((await send(payment('k-1', { amount: 2 }))).statusCode).toBe(422)
    expect((await send(payment('k-1'))).headers['idempotency-status']).toBe('created')
    expect(runs()).toBe(3)
    expect(new Set(keys).size).toBe(1)
  })

  test('E9: other presets store more', async () => {
    const deterministic = subject(await harness({ outcomes: storeDeterministic }), (_event, run) => ({
      statusCode: run === 1 ? 404 : 201,
      body: `${run}`,
    }))
    await deterministic.send(payment('k-1'))
    expect(await deterministic.send(payment('k-1'))).toMatchObject({ statusCode: 404, body: '1' })
    const everything = subject(await harness({ outcomes: storeEverything }), () => ({ statusCode: 503, body: 'down' }))
    await everything.send(payment('k-1'))
    expect(await everything.send(payment('k-1'))).toMatchObject({ statusCode: 503, body: 'down' })
    expect([deterministic.runs(), everything.runs()]).toEqual([1, 1])
  })

  test.each<[string, unknown]>([
    ['an error', new Error('boom')],
    ['a string', 'boom'],
    ['undefined', undefined],
    ['an error of a name that we use', Object.assign(new Error('x'), { name: 'StoreUnavailableError' })],
    ['an error of the SDK', Object.assign(new Error('x'), { name: 'ConditionalCheckFailedException' })],
  ])('C4, C5: %s that is thrown reaches the caller as it is, and abandons', async (_, thrown) => {
    const h = await harness()
    const { raw, send, runs } = subject(h, (event, run) => {
      if (run === 1) throw thrown
      return created(event, run)
    })
    await expect(raw(payment('k-1'))).rejects.toBe(thrown)
    expect(runs()).toBe(1)
    expect((await send(payment('k-1', { amount: 2 }))).statusCode).toBe(422)
    expect((await send(payment('k-1'))).headers['idempotency-status']).toBe('created')
  })

  test.each<[string, unknown]>([
    ['NotDoneError', new NotDoneError('nothing happened')],
    [
      'an error with a 4xx statusCode for the client',
      Object.assign(new Error('bad'), { statusCode: 400, expose: true }),
    ],
  ])('C4: %s releases: any payload runs', async (_, thrown) => {
    const { raw, send } = subject(await harness(), (event, run) => {
      if (run === 1) throw thrown
      return created(event, run)
    })
    await expect(raw(payment('k-1'))).rejects.toBe(thrown)
    expect((await send(payment('k-1', { amount: 2 }))).headers['idempotency-status']).toBe('created')
  })

  test('C4: a TerminalError is stored, and thrown again without a run', async () => {
    const thrown = new TerminalError('card expired', { details: { reason: 'expired' }, statusCode: 402 })
    const { raw, runs } = subject(await harness(), () => {
      throw thrown
    })
    await expect(raw(payment('k-1'))).rejects.toBe(thrown)
    const again = await raw(payment('k-1')).catch((error: unknown) => error)
    expect(again).toBeInstanceOf(TerminalError)
    expect(again).toMatchObject({ message: 'card expired', details: { reason: 'expired' }, statusCode: 402 })
    expect(runs()).toBe(1)
  })

  test.each(EVENT_KINDS)('E12: on %s binary bodies and many-valued headers are replayed as they were', async (kind) => {
    const { send, raw, runs } = subject(await harness({ tenant: 'single-tenant' }), () => ({
      statusCode: 201,
      isBase64Encoded: true,
      body: Buffer.from([0, 255, 1]).toString('base64'),
      multiValueHeaders: { 'X-Many': ['a', 'b'] },
    }))
    const event = (): TestEvent => EVENT_MAKERS[kind]({ headers: [['idempotency-key', 'k-1']], body: 'x' })
    for (const answer of [await raw(event()), await raw(event())]) {
      expect(answer).toMatchObject({ statusCode: 201, isBase64Encoded: true, body: 'AP8B' })
      expect(wireOf(kind, answer).headers['x-many']?.join(', ')).toEqual('a, b')
    }
    expect((await send(event())).headers['idempotent-replayed']).toBe('true')
    expect(runs()).toBe(1)
  })

  test.each([
    [{ id: 'p_1' }, '{"id":"p_1"}'],
    ['plain text', 'plain text'],
    [[1, 2], '[1,2]'],
    [null, 'null'],
    [undefined, 'null'],
    [0, '0'],
    [false, 'false'],
    ['', ''],
  ])(
    'C1, E12: a payload-2.0 result without a status, %j, is made explicit, so that answer and replay are equal',
    async (result, body) => {
      const { send, runs } = subject(await harness(), () => result)
      const first = await send(payment('k-1'))
      const second = await send(payment('k-1'))
      expect(first).toMatchObject({ statusCode: 200, body, headers: { 'content-type': 'application/json' } })
      expect({ ...second, headers: {} }).toEqual({ ...first, headers: {} })
      expect([first, second].map(({ headers }) => headers['idempotency-status'])).toEqual(['created', 'replayed'])
      expect(runs()).toBe(1)
    },
  )

  test.each([[undefined], [null], [0], [''], [false], [[]], [{ id: 'p_1' }]])(
    'C1, E12: elsewhere a result without a status, %j, is replayed unchanged',
    async (result) => {
      const { raw, runs } = subject(await harness({ tenant: 'single-tenant' }), () => result)
      const event = (): TestEvent => EVENT_MAKERS['rest-api']({ headers: [['idempotency-key', 'k-1']], body: 'x' })
      expect(await raw(event())).toStrictEqual(result)
      expect(await raw(event())).toStrictEqual(result)
      expect(runs()).toBe(1)
    },
  )

  test('C14: answers up to 390 KB are replayed byte for byte', async () => {
    const { send, runs } = subject(await harness(), (event) => ({
      statusCode: 201,
      body: 'x'.repeat(1),
      headers: {},
      ...JSON.parse(event.body ?? ''),
    }))
    for (const kilobytes of [1, 50, 390]) {
      const body = randomBytes(kilobytes * 512).toString('hex')
      await send(payment(`k-${kilobytes}`, { body }))
      expect((await send(payment(`k-${kilobytes}`, { body }))).body).toBe(body)
    }
    expect(runs()).toBe(3)
  })

  const stream = new ReadableStream()
  test.each<[string, unknown]>([
    ['5 MB of noise', randomBytes(5_000_000).toString('base64')],
    ['a stream', stream],
  ])('C13, C14: an answer of %s is sent, and its retry is refused: it cannot be replayed', async (_, body) => {
    const h = await harness()
    const { raw, send, runs } = subject(h, () => ({ statusCode: 201, body }))
    expect(((await raw(payment('k-1'))) as { body: unknown }).body).toBe(body)
    const retry = await send(payment('k-1'))
    expect(retry.statusCode).toBe(409)
    expect(problem(retry)).toMatchObject({ code: 'replay-unavailable', retryable: false })
    expect(h.events).toContainEqual(expect.objectContaining({ type: 'completed', replayable: false }))
    expect(runs()).toBe(1)
  })

  test('C2: an answer that JSON cannot hold is still sent, and never runs again', async () => {
    const body = { amount: 1n }
    const { raw, send, runs } = subject(await harness(), () => ({ statusCode: 201, body }))
    expect(((await raw(payment('k-1'))) as { body: unknown }).body).toBe(body)
    expect((await send(payment('k-1'))).statusCode).toBe(409)
    expect(runs()).toBe(1)
  })

  test('replayHeaders excludes headers, or keeps only these', async () => {
    const headers = { 'X-Secret': 's', ETag: 'e', 'Set-Cookie': 'c', Date: 'd' }
    const kept = async (replayHeaders: { deny: string[] } | { allow: string[] }): Promise<unknown> => {
      const { send } = subject(await harness({ replayHeaders }), () => ({
        statusCode: 201,
        headers,
        cookies: ['a=b'],
        body: '',
      }))
      await send(payment('k-1'))
      const { headers: replayed, cookies } = await send(payment('k-1'))
      return [
        Object.keys(replayed)
          .filter((name) => !name.startsWith('idempoten'))
          .sort(),
        cookies,
      ]
    }
    expect(await kept({ deny: ['x-secret'] })).toEqual([['etag'], undefined])
    expect(await kept({ allow: ['ETag', 'Set-Cookie'] })).toEqual([['etag', 'set-cookie'], ['a=b']])
  })

  test("the handler's own answer object is not changed", async () => {
    const answer = Object.freeze({ statusCode: 201, headers: Object.freeze({ a: 'b' }), body: '' })
    const { raw } = subject(await harness(), () => answer)
    expect(await raw(payment('k-1'))).toEqual({ ...answer, headers: { a: 'b', 'Idempotency-Status': 'created' } })
    expect(answer.headers).toEqual({ a: 'b' })
  })
})

describe('abandoned records', () => {
  test('C9: under hold, a throw, a 5xx or a lapsed lease leads to 409 outcome-unknown, and no run', async () => {
    const h = await harness({ abandoned: 'hold' })
    const { raw, send, runs } = subject(h, (_event, run) => {
      if (run === 1) throw new Error('boom')
      return { statusCode: 503, body: '' }
    })
    await expect(raw(payment('k-1'))).rejects.toThrow('boom')
    await send(payment('k-2'))
    for (const key of ['k-1', 'k-2']) {
      const answer = await send(payment(key))
      expect(answer.statusCode).toBe(409)
      expect(problem(answer)).toMatchObject({ code: 'outcome-unknown', retryable: false })
      expect((await h.record())?.expiresAt).toBeUndefined()
    }
    expect(runs()).toBe(2)
  })
})

describe('waiting for the answer', () => {
  const slow = async (
    status: number,
    then: Business = created,
  ): Promise<{ first: Promise<Answered>; second: Promise<Answered>; runs: () => number }> => {
    const h = await harness({ inProgress: { waitSeconds: 5 } })
    const { opened, open } = gate()
    const started = gate()
    const { send, runs } = subject(h, async (event, run, claim) => {
      if (run > 1) return then(event, run, claim)
      started.open()
      await opened
      return { statusCode: status, body: 'first' }
    })
    const first = send(payment('k-1'))
    await started.opened
    const second = send(payment('k-1'))
    setTimeout(open, 150)
    return { first, second, runs }
  }

  test('E5: the duplicate gets the answer of the one that it waited for', async () => {
    const { first, second, runs } = await slow(201)
    expect((await first).headers['idempotency-status']).toBe('created')
    expect(await second).toMatchObject({
      statusCode: 201,
      body: 'first',
      headers: { 'idempotency-status': 'replayed' },
    })
    expect(runs()).toBe(1)
  })

  test.each([402, 503])('E5: the duplicate runs if the owner ended with %i', async (status) => {
    const { second, runs } = await slow(status)
    expect(await second).toMatchObject({ statusCode: 201, body: '{"id":"p_2"}' })
    expect(runs()).toBe(2)
  })

  test('E5: the duplicate never waits past its own remaining time', async () => {
    const h = await harness({ inProgress: { waitSeconds: 25 } })
    const { opened, open } = gate()
    const started = gate()
    const { send } = subject(h, async () => {
      started.open()
      await opened
      return { statusCode: 201, body: '' }
    })
    const first = send(payment('k-1'))
    await started.opened
    const watch = startStopwatch()
    const second = await send(payment('k-1'), 1_400)
    expect(second.statusCode).toBe(409)
    expect(watch.stop()).toBeLessThan(1_400)
    open()
    await first
  })
})

describe('problems', () => {
  test('E14: every problem is complete, and does not contain the key', async () => {
    const canary = 'canary-4242'
    const { opened, open } = gate()
    const started = gate()
    const h = await harness({ docsUrl: 'https://x.example' })
    const { send } = subject(h, async (event, run) => {
      started.open()
      await opened
      return created(event, run)
    })
    const first = send(payment(canary))
    await started.opened
    const answers = [
      await send(payment(undefined)),
      await send(payment(`${canary},`)),
      await send(payment(canary)),
      await send(payment(canary, { other: canary })),
    ]
    open()
    await first
    const types = answers.map((answer) => {
      const body = problem(answer)
      expect(Object.keys(body).sort()).toEqual(['code', 'detail', 'key', 'retryable', 'status', 'title', 'type'])
      expect(body.status).toBe(answer.statusCode)
      expect(['keep', 'rotate']).toContain(body.key)
      expect(answer.headers['content-type']).toBe('application/problem+json')
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.headers.link).toBe(`<https://x.example#${body.code}>; rel="describedby"`)
      expect(JSON.stringify(answer)).not.toContain(canary)
      return body.type
    })
    expect(new Set(types).size).toBe(4)
    expect(types[0]).toBe('urn:lambda-once:problem:key-missing')
  })

  test('E14: the option problem makes the answer', async () => {
    const { raw } = subject(
      await harness({
        problem: ({ status, body }, event) => ({ statusCode: status, body: `${body.code} at ${event.rawPath}` }),
      }),
      created,
    )
    expect(await raw(payment(undefined))).toEqual({ statusCode: 400, headers: {}, body: 'key-missing at /payments' })
  })

  test('an unsupported event is an error, not a problem', async () => {
    const { raw } = subject(await harness(), created)
    await expect(raw({ Records: [] } as never)).rejects.toMatchObject({ code: 'event-unsupported' })
  })

  test.each([
    ['of a queue', { Records: [] }],
    ['of a direct invocation', { orderId: 'o-1' }],
    [
      'of a WebSocket route',
      { requestContext: { routeKey: 'pay', eventType: 'MESSAGE', connectionId: 'c' }, body: '{}' },
    ],
    ['that is nothing', undefined],
    ['that is a text', 'wake up'],
  ])('with otherEvents: "pass" the handler gets an event %s, without a claim or a store call', async (_, event) => {
    const h = await harness({ otherEvents: 'pass' })
    const { raw } = subject(h, (given, _run, claim) => ({ given, claim: claim ?? null }) as never)
    expect(await raw(event as never)).toEqual({ given: event, claim: null })
    expect(h.calls).toEqual([])
    expect((await raw(payment('k-1'))) as object).toMatchObject({ statusCode: 200 })
  })

  test('with otherEvents: "pass" an HTTP event without a path is still an error', async () => {
    const { raw } = subject(await harness({ otherEvents: 'pass' }), created)
    const event = { httpMethod: 'POST', headers: { 'Idempotency-Key': 'k' }, body: '{}' }
    await expect(raw(event as never)).rejects.toMatchObject({ code: 'event-unsupported' })
  })
})

describe('events', () => {
  test('G1: no event has a raw key, a payload or an answer, and the item has only the answer', async () => {
    const canary = 'canary-4242'
    const h = await harness()
    const { raw, send } = subject(h, (_event, run) => {
      if (run === 1) throw new Error(`${canary} refused`)
      return { statusCode: run === 2 ? 402 : 201, body: `${canary} answered` }
    })
    await raw(payment(canary, { canary })).catch(() => {})
    for (let at = 0; at < 3; at++) await send(payment(canary, { canary }))
    await send(payment(canary, { canary: 2 }))
    const record = { ...(await h.record()), outcome: undefined }
    expect(JSON.stringify([h.events, record])).not.toContain(canary)
    expect(h.events.length).toBeGreaterThan(5)
  })

  test('a listener that throws harms nothing', async () => {
    const { send } = subject(
      await harness({
        observe: () => {
          throw new Error('metrics are down')
        },
      }),
      created,
    )
    expect((await send(payment('k-1'))).statusCode).toBe(201)
    expect((await send(payment('k-1'))).headers['idempotency-status']).toBe('replayed')
  })
})

test('the wrapped handler has exactly two parameters, as nodejs24.x requires', async () => {
  const { options } = await harness()
  expect(idempotent(created as never, options).length).toBe(2)
})

describe('mistakes in options', () => {
  test.each([[''], [undefined], [7]])(
    'D1: a route option that answers %p is an error, without a store call',
    async (route) => {
      const h = await harness({ route: () => route as never })
      const { send, runs } = subject(h, created)
      const logged = await errorsLogged(async () => {
        expect(problem(await send(payment('k-1')))).toMatchObject({ status: 500, code: 'scope-missing' })
      })
      expect(logged).toEqual([expect.stringContaining('The route option answered')])
      expect([h.calls, runs()]).toEqual([[], 0])
    },
  )

  test('a problem option that answers nothing does not turn a refusal into a success', async () => {
    const { send } = subject(await harness({ problem: () => undefined }), created)
    const logged = await errorsLogged(async () => {
      expect((await send(payment(undefined))).statusCode).toBe(400)
    })
    expect(logged).toEqual(['lambda-once: the option "problem" answered nothing'])
  })

  test('an async listener that rejects harms nothing', async () => {
    const h = await harness({
      observe: async () => {
        throw new Error('metrics are down')
      },
    })
    const { send } = subject(h, created)
    expect((await send(payment('k-1'))).statusCode).toBe(201)
    await new Promise((resolve) => setImmediate(resolve)) // where an unhandled rejection would end the process
  })

  test('E9: a policy that answers a promise or a typo is logged, and the default decides', async () => {
    const { send } = subject(await harness({ outcomes: (async () => 'complete') as never }), () => ({
      statusCode: 404,
      body: '',
    }))
    const logged = await errorsLogged(async () => {
      expect((await send(payment('k-1'))).headers['idempotency-status']).toBe('released')
    })
    expect(logged).toEqual([expect.stringContaining('"outcomes" answered object')])
  })
})

describe('C2: answers that are not plain objects', () => {
  class Answer {
    #id = 'p_1'
    get statusCode() {
      return 201
    }
    toJSON() {
      return { statusCode: this.statusCode, body: JSON.stringify({ id: this.#id }) }
    }
  }

  test('C2: what its toJSON says is answered and replayed', async () => {
    const { send, runs } = subject(await harness(), () => new Answer())
    for (const status of ['created', 'replayed']) {
      const answer = await send(payment('k-1'))
      expect(answer).toMatchObject({ statusCode: 201, body: '{"id":"p_1"}', headers: { 'idempotency-status': status } })
    }
    expect(runs()).toBe(1)
  })

  test.each([['http-api'], ['rest-api']] as const)(
    'C13: on %s a bare stream is answered, and its retry is refused: it cannot be replayed',
    async (kind) => {
      const stream = new ReadableStream()
      const { raw, send, runs } = subject(await harness({ tenant: 'single-tenant' }), () => stream)
      const event = (): TestEvent => EVENT_MAKERS[kind]({ headers: [['idempotency-key', 'k-1']], body: 'x' })
      expect(await raw(event())).toBe(stream)
      expect(problem(await send(event()))).toMatchObject({ code: 'replay-unavailable' })
      expect(runs()).toBe(1)
    },
  )

  test.each(['pipe', 'statusCode', 'body', 'headers'])(
    'C2: a result whose %s throws when it is read reaches the client, and never runs again',
    async (name) => {
      const result = Object.defineProperty({ statusCode: 201, body: 'x' }, name, {
        enumerable: true,
        get: () => {
          throw new Error('no')
        },
      })
      const { raw, send, runs } = subject(await harness(), () => result)
      expect(await raw(payment('k-1'))).toBe(result)
      expect(problem(await send(payment('k-1')))).toMatchObject({ code: 'replay-unavailable' })
      expect(runs()).toBe(1)
    },
  )

  test('C2: an answer whose getter throws reaches the client, and never runs again', async () => {
    const hostile = {
      get pipe() {
        throw new Error('no')
      },
    }
    const body = { hostile }
    const { raw, send, runs } = subject(await harness(), () => ({ statusCode: 201, body }))
    expect(((await raw(payment('k-1'))) as { body: unknown }).body).toBe(body)
    expect(problem(await send(payment('k-1')))).toMatchObject({ code: 'replay-unavailable' })
    expect(runs()).toBe(1)
  })
})

test('C4: a thrown value that is not an Error is not stored, even if its status would be', async () => {
  const thrown = { statusCode: 422, body: 'no such plan' }
  const { raw, runs } = subject(await harness({ outcomes: storeDeterministic }), () => {
    throw thrown
  })
  await expect(raw(payment('k-1'))).rejects.toBe(thrown)
  await expect(raw(payment('k-1'))).rejects.toBe(thrown)
  expect(runs()).toBe(2)
})

describe('G4: what one tenant can learn of another', () => {
  const STATES: Record<string, (send: Subject['send']) => Promise<unknown>> = {
    settled: (send) => send(payment('k-1', { amount: 1 }, { merchantId: 'a' })),
    'of another payload': (send) => send(payment('k-1', { amount: 2 }, { merchantId: 'a' })),
    abandoned: (send) => send(payment('k-1', { fail: true }, { merchantId: 'a' })),
    released: (send) => send(payment('k-1', { refuse: true }, { merchantId: 'a' })),
    untouched: async () => undefined,
  }

  test('G4: whatever state the record of tenant a is in, tenant b gets the same', async () => {
    const answers: Answered[] = []
    for (const put of Object.values(STATES)) {
      const { send } = subject(await harness({ abandoned: 'hold' }), (event) => {
        const body = JSON.parse(event.body ?? '{}') as { fail?: true; refuse?: true }
        return { statusCode: body.fail ? 503 : body.refuse ? 402 : 201, body: 'b' }
      })
      await put(send)
      answers.push(await send(payment('k-1', { amount: 1 }, { merchantId: 'b' })))
    }
    expect(answers).toEqual(answers.map(() => answers[0]))
  })

  test('G4: also while tenant a is in progress', async () => {
    const { opened, open } = gate()
    const started = gate()
    const { send } = subject(await harness(), async (event, run) => {
      if (run === 1) {
        started.open()
        await opened
      }
      return { statusCode: 201, body: event.body ?? '' }
    })
    const first = send(payment('k-1', { amount: 1 }, { merchantId: 'a' }))
    await started.opened
    expect(await send(payment('k-1', { amount: 1 }, { merchantId: 'b' }))).toMatchObject({
      statusCode: 201,
      headers: { 'idempotency-status': 'created' },
    })
    open()
    await first
  })
})
