import middy7 from '@middy/core'
import middy6 from '@middy/core-6'
import {
  claimOf,
  idempotency,
  idempotent,
  type MiddlewareOptions,
  NotDoneError,
  TerminalError,
} from '../../lib/http/index.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { type Answered, answered, gate, type Harness, harness, patientRuntime } from '../support/http-harness.ts'

type Context = { getRemainingTimeInMillis: () => number }
type Handler = (event: TestEvent, context: Context) => unknown

interface Hook {
  before?: (request: { event: TestEvent; response: unknown }) => unknown
  after?: (request: { response: unknown }) => unknown
  onError?: (request: { error: unknown; response: unknown }) => unknown
}

const created = (body = 'done') => ({ statusCode: 201, headers: { Location: '/p' }, body })

/** Middy computes its early timeout from the real remaining time. */
const untilDeadline = (span: number): Context => {
  const deadline = Date.now() + span
  return { getRemainingTimeInMillis: () => deadline - Date.now() }
}

const problemCode = ({ body }: Answered): string => JSON.parse(body).code

describe.each([
  ['6', middy6 as unknown as typeof middy7],
  ['7', middy7],
])('Middy %s, hook form', (_, middy) => {
  const chain = (
    { options }: Harness,
    handler: Handler,
    {
      outer = [],
      inner = [],
      plugin,
      over,
    }: { outer?: Hook[]; inner?: Hook[]; plugin?: object; over?: Partial<MiddlewareOptions<TestEvent>> } = {},
  ) => {
    const chained = middy(plugin as never)
    for (const hook of outer) chained.use(hook as never)
    chained.use(idempotency({ ...options, ...over }) as never)
    for (const hook of inner) chained.use(hook as never)
    const run = chained.handler(handler as never) as unknown as (event: TestEvent, context: Context) => Promise<unknown>
    return {
      raw: (event: TestEvent, context: Context = contextWith()) => run(event, context),
      send: async (event: TestEvent, context: Context = contextWith()) => answered(await run(event, context)),
    }
  }

  test('E1, E2, A2: a first call and its replay', async () => {
    const h = await harness()
    let runs = 0
    const { send } = chain(h, async (_event, context) => created(`${++runs} ${claimOf(context)?.attempt}`))
    const first = await send(payment('k-1'))
    expect(first).toMatchObject({ statusCode: 201, body: '1 1', headers: { 'idempotency-status': 'created' } })
    const second = await send(payment('k-1'))
    expect(second).toMatchObject({
      statusCode: 201,
      body: '1 1',
      headers: { location: '/p', 'idempotent-replayed': 'true' },
    })
    expect(runs).toBe(1)
    expect(h.calls).toEqual(['claim', 'settle', 'claim'])
  })

  test.each([[undefined], [null], [0], [''], [false], [[]]])('C1: %p is replayed with one run', async (result) => {
    const h = await harness({ tenant: 'single-tenant' })
    let runs = 0
    const { raw } = chain(h, async () => {
      runs++
      return result
    })
    const event = (): TestEvent =>
      ({
        httpMethod: 'POST',
        path: '/p',
        resource: '/p',
        headers: { 'Idempotency-Key': 'k' },
        requestContext: {},
        body: '',
      }) as never
    expect(await raw(event())).toStrictEqual(result)
    expect(await raw(event())).toStrictEqual(result)
    expect(runs).toBe(1)
  })

  test('E3, E6, E10: a mismatch and a missing key are problems; other methods pass through', async () => {
    const { send, raw } = chain(await harness(), async () => created())
    await send(payment('k-1', 1))
    expect(problemCode(await send(payment('k-1', 2)))).toBe('key-reused')
    expect(problemCode(await send(payment(undefined)))).toBe('key-missing')
    expect(await raw(payment('k-1', 1, { method: 'GET' }))).toEqual(created())
  })

  test('E6: a request runs without a key if the key is optional', async () => {
    const { send } = chain(await harness({ missingKey: 'pass' }), async (_event, context) =>
      created(String(claimOf(context))),
    )
    expect(await send(payment(undefined))).toMatchObject({
      body: 'undefined',
      headers: { 'idempotency-status': 'none' },
    })
  })

  test('A3: of 20 simultaneous first calls one runs', async () => {
    let runs = 0
    const { send } = chain(await harness(), async () => created(String(++runs)))
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(payment('k-1'))))
    expect(runs).toBe(1)
    expect(answers.every(({ statusCode }) => statusCode === 201 || statusCode === 409)).toBe(true)
  })

  test('A12: requests in flight do not mix, even if they share request.internal', async () => {
    const { send } = chain(
      await harness(),
      async (event) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
        return created(event.body ?? '')
      },
      { plugin: { internal: {} } },
    )
    const bodies = Array.from({ length: 32 }, (_each, at) => ({ at }))
    for (const _round of [1, 2]) {
      const answers = await Promise.all(bodies.map((body) => send(payment(`k-${body.at}`, body))))
      expect(answers.map(({ body }) => JSON.parse(body))).toEqual(bodies)
    }
  })

  test.each<[string, unknown, string]>([
    ['a plain error', new Error('boom'), 'IN_PROGRESS'],
    [
      'an error with a 4xx statusCode, whose origin is not certain',
      Object.assign(new Error('x'), { statusCode: 400, expose: true }),
      'IN_PROGRESS',
    ],
    [
      'an error that bears the name of a time-out',
      Object.assign(new Error('x'), { name: 'TimeoutError' }),
      'IN_PROGRESS',
    ],
    ['NotDoneError', new NotDoneError('x'), 'RELEASED'],
    ['TerminalError', new TerminalError('x'), 'FAILED'],
  ])('C4, C6: %s reaches the caller as it is', async (_name, thrown, status) => {
    const h = await harness()
    const { raw } = chain(h, async () => {
      throw thrown
    })
    await expect(raw(payment('k-1'))).rejects.toBe(thrown)
    const record = await h.record()
    expect(record?.status).toBe(status)
    expect(record !== undefined && 'leaseExpiresAt' in record ? record.leaseExpiresAt : undefined).toBeUndefined()
  })

  test('C4: a stored TerminalError is thrown again without a run', async () => {
    let runs = 0
    const { raw } = chain(await harness(), async () => {
      runs++
      throw new TerminalError('expired', { statusCode: 402 })
    })
    await expect(raw(payment('k-1'))).rejects.toThrow('expired')
    await expect(raw(payment('k-1'))).rejects.toMatchObject({
      name: 'TerminalError',
      message: 'expired',
      statusCode: 402,
    })
    expect(runs).toBe(1)
  })

  test('C6: a later hook that throws does not change the record', async () => {
    const h = await harness()
    let runs = 0
    const failing = {
      after: () => {
        throw new Error('serializer')
      },
    }
    const { raw, send } = chain(h, async () => created(String(++runs)), { outer: [failing] })
    await expect(raw(payment('k-1'))).rejects.toThrow('serializer')
    expect((await h.record())?.status).toBe('SUCCEEDED')
    expect((await send(payment('k-1'))).body).toBe('1')
    expect(runs).toBe(1)
  })

  test('C6: an earlier hook that throws causes no store call', async () => {
    const h = await harness()
    const failing = {
      before: () => {
        throw new Error('auth')
      },
    }
    const { raw } = chain(h, async () => created(), { outer: [failing] })
    await expect(raw(payment('k-1'))).rejects.toThrow('auth')
    expect(h.calls).toEqual([])
  })

  test('C6: a hook between this one and the handler that throws a 4xx after the effect never releases', async () => {
    const h = await harness()
    const failing = {
      after: () => {
        throw Object.assign(new Error('response schema'), { statusCode: 400, expose: true })
      },
    }
    const { raw, send } = chain(h, async () => created(), { inner: [failing] })
    await expect(raw(payment('k-1', 1))).rejects.toThrow('response schema')
    expect((await h.record())?.status).toBe('IN_PROGRESS')
    expect(problemCode(await send(payment('k-1', 2)))).toBe('key-reused')
  })

  test("C7: Middy's early timeout leaves the claim in force: a retry is refused, and the late handler changes nothing", async () => {
    const h = await harness()
    const { opened, open } = gate()
    let runs = 0
    const { raw, send } = chain(h, async () => {
      runs++
      await opened
      return created()
    })
    await expect(raw(payment('k-1'), untilDeadline(120))).rejects.toMatchObject({ name: 'TimeoutError' })
    const record = await h.record()
    expect(record).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: expect.any(Number) })
    expect(problemCode(await send(payment('k-1')))).toBe('in-progress')
    open()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await h.record()).toEqual(record)
    expect(runs).toBe(1)
  })

  test('C7: an answer that the chain gives to the early timeout leaves the claim in force too', async () => {
    const h = await harness()
    const { opened, open } = gate()
    const plugin = { timeoutEarlyInMillis: 60, timeoutEarlyResponse: () => ({ statusCode: 504, body: 'late' }) }
    const { send } = chain(
      h,
      async () => {
        await opened
        return created()
      },
      { plugin, over: { timeoutEarlyInMillis: 60 } },
    )
    const answer = await send(payment('k-1'), untilDeadline(180))
    expect(answer).toMatchObject({ statusCode: 504, body: 'late', headers: { 'idempotency-status': 'unstored' } })
    expect(await h.record()).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: expect.any(Number) })
    expect(problemCode(await send(payment('k-1')))).toBe('in-progress')
    open()
  })

  test('E13: in the wrapper form outer middlewares see replays and problems too', async () => {
    const h = await harness()
    const cors = {
      after: (request: { response: { headers?: object } }) => {
        request.response.headers = { ...request.response.headers, 'Access-Control-Allow-Origin': '*' }
      },
    }
    const handler = middy()
      .use(cors)
      .handler(idempotent(async (_event: TestEvent) => created(), h.options) as never) as unknown as Handler
    for (const status of ['created', 'replayed']) {
      const answer = answered(await handler(payment('k-1'), contextWith()))
      expect(answer.headers).toMatchObject({ 'access-control-allow-origin': '*', 'idempotency-status': status })
    }
    const refused = answered(await handler(payment(undefined), contextWith()))
    expect(refused).toMatchObject({ statusCode: 400, headers: { 'access-control-allow-origin': '*' } })
  })

  test('C7: in the wrapper form a late completion is kept, and a retry gets it', async () => {
    const h = await harness()
    const { opened, open } = gate()
    const handler = middy().handler(
      idempotent(async (_event: TestEvent) => {
        await opened
        return created()
      }, h.options) as never,
    ) as unknown as (event: TestEvent, context: Context) => Promise<unknown>
    await expect(handler(payment('k-1'), untilDeadline(100))).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(await h.record()).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: expect.any(Number) })
    open()
    while ((await h.record())?.status === 'IN_PROGRESS') await new Promise((resolve) => setTimeout(resolve, 5))
    expect(answered(await handler(payment('k-1'), contextWith())).headers['idempotency-status']).toBe('replayed')
  })

  test('A12, C7: after an early answer the handler that still runs keeps its claim for its downstream calls', async () => {
    const h = await harness()
    const { opened, open } = gate()
    const keys: (string | undefined)[] = []
    const ended = gate()
    const plugin = { timeoutEarlyInMillis: 60, timeoutEarlyResponse: () => ({ statusCode: 408, body: 'late' }) }
    const handler = async (_event: TestEvent, context: Context) => {
      keys.push(claimOf(context)?.downstreamKey('charge'))
      await opened
      keys.push(claimOf(context)?.downstreamKey('charge'))
      ended.open()
      return created()
    }
    for (const timeout of [plugin, { timeoutEarlyInMillis: 60 }]) {
      const { send } = chain(h, handler, { plugin: timeout, over: { timeoutEarlyInMillis: 60 } })
      await send(payment(`k-${keys.length}`), untilDeadline(180)).catch(() => {}) // Middy's own TimeoutError
    }
    open()
    await ended.opened
    await new Promise(setImmediate)
    expect(keys).toEqual([expect.any(String), expect.any(String), keys[0], keys[1]])
  })

  test('C7: an answer close to the deadline is marked as unstored, and is a 503 under unstored: fail', async () => {
    for (const unstored of ['answer', 'fail'] as const) {
      const h = await harness({ unstored })
      const { send } = chain(h, async () => created())
      const answer = await send(payment('k-1'), { getRemainingTimeInMillis: () => 24 })
      expect(answer.statusCode).toBe(unstored === 'answer' ? 201 : 503)
      expect(h.events.map(({ type }) => type)).toEqual(['claimed', 'unstored'])
    }
  })

  test('C7: an early answer leaves the claim in force also on a host that does not enforce its deadline', async () => {
    const h = await harness({ runtime: { ...patientRuntime, enforcesDeadline: () => false } })
    const { opened, open } = gate()
    const plugin = { timeoutEarlyInMillis: 60, timeoutEarlyResponse: () => ({ statusCode: 408, body: 'late' }) }
    const { send } = chain(h, () => opened, { plugin, over: { timeoutEarlyInMillis: 60 } })
    expect((await send(payment('k-1'), untilDeadline(180))).statusCode).toBe(408)
    expect(await h.record()).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: expect.any(Number) })
    open()
  })

  test('A12: a call within a call with the same context has its own claim, and then gives back the outer one', async () => {
    const h = await harness()
    const inner = chain({ ...h, options: { ...h.options, operation: 'ledger' } }, async (_event, context) =>
      created(claimOf(context)?.recordKey),
    )
    const seen: (string | undefined)[] = []
    const outer = chain(h, async (event, context) => {
      seen.push(claimOf(context)?.recordKey)
      seen.push((await inner.send(event, context)).body)
      seen.push(claimOf(context)?.recordKey)
      return created()
    })
    await outer.send(payment('k-1'))
    expect(seen[0]).toMatch(/^payments#/)
    expect(seen[1]).toMatch(/^ledger#/)
    expect(seen[2]).toBe(seen[0])
  })

  test('A12: a context that is used again does not have the claim of the previous call', async () => {
    const h = await harness({ missingKey: 'pass' })
    const seen: unknown[] = []
    const { send } = chain(h, async (_event, context) => {
      seen.push(claimOf(context)?.attempt)
      return created()
    })
    const context = contextWith()
    await send(payment('k-1'), context)
    await send(payment(undefined), context)
    await send(payment('k-1', 1, { method: 'GET' }), context)
    expect(seen).toEqual([1, undefined, undefined])
    expect(claimOf(context)).toBeUndefined()
  })
})
