import { inspect } from 'node:util'
import {
  AttemptsError,
  DeadlineError,
  type FetchOptions,
  idempotentFetch,
  KeyReusedError,
  type OperationInit,
  RefusedError,
  type Result,
} from '../../lib/client/index.ts'
import { ERRORS, type ErrorCode } from '../../lib/core/errors.ts'
import { answer, type Fate, problem, type ScriptedServer, scriptedServer } from '../support/scripted-server.ts'

const ORDER = { method: 'POST', json: { amount: 1999 } } as const
const NO_ANSWER = new TypeError('fetch failed')

interface Played extends ScriptedServer {
  readonly result: Result | undefined
  readonly error: unknown
}

/** Calls a scripted server once, and waits on virtual time. */
const call = async (
  fates: readonly Fate[],
  init: OperationInit = ORDER,
  options: FetchOptions = {},
): Promise<Played> => {
  const server = scriptedServer(...fates)
  const calling = idempotentFetch({ ...server.options, ...options })('/payments', init)
  try {
    return { ...server, result: await server.time.until(calling), error: undefined }
  } catch (error) {
    return { ...server, result: undefined, error }
  }
}

/** How often the request was sent until the answer was final. */
const attemptsUntilFinal = async (first: Fate, init?: OperationInit): Promise<number> => {
  const { sent } = await call([first, answer(201, 'created')], init)
  return sent.length
}

const problemOf = (code: ErrorCode): Response => {
  const { status, retryable, key } = ERRORS[code]
  return problem(status, { code, retryable, key })
}

describe('What is sent', () => {
  test('J1: the client makes one key for a call, and sends the same key, method and body in every attempt.', async () => {
    const { sent, result } = await call([NO_ANSWER, answer(503), 'silence', answer(201, 'replayed')])
    expect(sent.map(({ method, body, headers }) => [method, body, headers['idempotency-key']])).toEqual(
      Array(4).fill(['POST', '{"amount":1999}', '"key-1"']),
    )
    expect(result).toMatchObject({ status: 'replayed', key: 'key-1', attempts: 4 })
    expect(await result?.response.json()).toEqual({ status: 201 })
  })

  test('J1: another call is another operation, with another key.', async () => {
    const server = scriptedServer(answer(201, 'created'))
    const send = idempotentFetch(server.options)
    await server.time.until(Promise.all([send('/payments', ORDER), send('/payments', ORDER)]))
    expect(server.sent.map(({ headers }) => headers['idempotency-key']).sort()).toEqual(['"key-1"', '"key-2"'])
  })

  test.each([
    ['order-1', {}, '"order-1"'],
    ['a "b" \\ c', {}, '"a \\"b\\" \\\\ c"'],
    ['order-1', { raw: true }, 'order-1'],
  ] as const)('J1: the key %s is sent with %j as %s.', async (key, options, text) => {
    const { sent } = await call([answer(201)], { ...ORDER, key }, options)
    expect(sent[0]?.headers['idempotency-key']).toBe(text)
  })

  test('J1: the header has the name of the option.', async () => {
    const { sent } = await call([answer(201)], ORDER, { header: 'PayPal-Request-Id', raw: true })
    expect(sent[0]?.headers).toMatchObject({ 'paypal-request-id': 'key-1' })
    expect(sent[0]?.headers).not.toHaveProperty('idempotency-key')
  })

  test.each(['GET', 'head', 'options'])('J1: %s has no key, unless you give one.', async (method) => {
    const { sent, result } = await call([answer(200)], { method })
    expect(sent[0]?.headers).not.toHaveProperty('idempotency-key')
    expect(result?.key).toBeUndefined()
    const given = await call([answer(200)], { method, key: 'mine' })
    expect(given.sent[0]?.headers['idempotency-key']).toBe('"mine"')
  })

  test.each(['post', 'patch', 'PUT', 'DELETE'])('J1: %s is sent in upper case, and has a key.', async (method) => {
    const { sent } = await call([answer(200)], { method })
    expect(sent[0]).toMatchObject({ method: method.toUpperCase(), headers: { 'idempotency-key': '"key-1"' } })
  })

  test.each([
    [{ key: '' }, {}],
    [{ key: 'ä' }, {}],
    [{ key: 'a\nb' }, {}],
    [{ key: 'a'.repeat(256) }, {}],
    [{ key: 'a b' }, { raw: true }],
    [{ key: 'a,b' }, { raw: true }],
    [{ headers: { 'idempotency-key': 'mine' } }, {}],
    [{ mode: 'no-cors' }, {}],
    [{ body: '{}' }, {}],
    [{ json: undefined, body: {} as never }, {}],
    [{ json: () => {} }, {}],
  ] as const)('J7: %j with %j is refused, and nothing is sent.', async (more, options) => {
    const { sent, error } = await call([answer(200)], { ...ORDER, ...more } as OperationInit, options)
    expect(error).toMatchObject({ name: 'UsageError' })
    expect(sent).toEqual([])
  })

  test('A refused key is not in the message.', async () => {
    const { error } = await call([answer(200)], { ...ORDER, key: 'secret-ä' })
    expect((error as Error).message).not.toContain('secret')
  })

  test.each(['not a url', 'ftp://', 'http://user@'])('J7: the URL %s is refused, and not tried again.', async (url) => {
    await expect(idempotentFetch()(url, ORDER)).rejects.toMatchObject({
      name: 'TypeError',
      message: expect.stringContaining('URL'),
    })
  })
})

describe('Which answers are final', () => {
  test.each([408, 425, 429, 500, 502, 503, 504, 507, 520, 524])('J2: status %i is tried again.', async (status) => {
    expect(await attemptsUntilFinal(answer(status))).toBe(2)
    expect(await attemptsUntilFinal(answer(status, 'abandoned'))).toBe(2)
    expect(await attemptsUntilFinal(answer(status), { method: 'GET' })).toBe(2)
  })

  test.each([200, 201, 202, 301, 400, 401, 402, 403, 404, 410, 413, 422, 451, 501, 505])(
    'J2: status %i is final.',
    async (status) => {
      const { result, sent } = await call([answer(status)])
      expect(sent).toHaveLength(1)
      expect(result).toMatchObject({ status: 'unmarked', attempts: 1 })
      expect(result?.response.status).toBe(status)
    },
  )

  test.each([
    ['an error of the network', NO_ANSWER],
    ['silence', 'silence'],
  ] as const)('J2: no answer (%s) is tried again.', async (_, fate) => {
    expect(await attemptsUntilFinal(fate)).toBe(2)
    expect(await attemptsUntilFinal(fate, { method: 'GET' })).toBe(2)
  })

  test.each(['created', 'replayed'])(
    'J2: an answer that the server has stored (%s) is final, whatever its status.',
    async (mark) => {
      for (const status of [409, 429, 500, 503]) {
        const { result, sent } = await call([answer(status, mark)])
        expect(sent).toHaveLength(1)
        expect(result).toMatchObject({ status: mark, response: { status } })
      }
    },
  )

  test('J2: a 4xx of a handler is final: released, abandoned, and a 409 too.', async () => {
    for (const mark of ['released', 'abandoned']) {
      for (const status of [400, 409, 422]) {
        const { result, sent } = await call([answer(status, mark)])
        expect(sent).toHaveLength(1)
        expect(result).toMatchObject({ status: mark, response: { status } })
      }
    }
  })

  test.each([
    ['a code of the layer', problemOf('in-progress')],
    ['a code of the layer', problemOf('outcome-pending')],
    ['no body, as from a proxy', new Response(null, { status: 409 })],
    ["Stripe's error", answer(409, undefined, {})],
    ["the draft's problem", problem(409, { title: 'A request is outstanding for this Idempotency-Key' })],
  ])('J2: a 409 with %s is tried again.', async (_, conflict) => {
    expect(await attemptsUntilFinal(conflict)).toBe(2)
  })

  test('J2: a 409 in the words of an application is its answer, and so is a 409 of a GET.', async () => {
    const own = problem(409, { type: 'https://shop.example/sold-out', title: 'The seat is taken' })
    expect((await call([own])).result?.response.status).toBe(409)
    expect((await call([answer(409)], { method: 'GET' })).result?.attempts).toBe(1)
  })

  test.each(Object.keys(ERRORS) as ErrorCode[])(
    'J2, J4: the client does with the problem %s what its members say.',
    async (code) => {
      const { retryable, key, status } = ERRORS[code]
      const { sent, error, result } = await call([problemOf(code), answer(201, 'created')])
      if (retryable) {
        expect([sent.length, result?.status]).toEqual([2, 'created'])
        return
      }
      expect(sent).toHaveLength(1)
      expect(error).toBeInstanceOf(RefusedError)
      expect(error instanceof KeyReusedError).toBe(key === 'rotate')
      expect(error).toMatchObject({ code, key: 'key-1', attempts: 1, response: { status } })
      expect(await (error as RefusedError).response?.json()).toMatchObject({ code })
    },
  )

  test.each([
    ['the draft', problem(422, { type: 'https://developer.example.com/idempotency', title: 'Used' })],
    ['the draft', problem(422, { type: 'about:blank', title: 'Idempotency-Key is already used' })],
    [
      'Stripe',
      new Response('{"error":{"type":"idempotency_error"}}', {
        status: 400,
        headers: { 'content-type': 'application/json' },
      }),
    ],
  ])('J4: a key that was used for another request, in the words of %s, is a KeyReusedError.', async (_, refusal) => {
    const { error, sent } = await call([refusal])
    expect(sent).toHaveLength(1)
    expect(error).toBeInstanceOf(KeyReusedError)
    expect(error).toMatchObject({ code: 'key-reused' })
  })

  test('J4: a 422 of an application is its answer.', async () => {
    for (const own of [problem(422, { title: 'Amount is negative' }), answer(422), new Response('', { status: 422 })]) {
      expect((await call([own])).result?.response.status).toBe(422)
    }
    const marked = problem(422, { title: 'About idempotency' }, { 'idempotency-status': 'released' })
    expect((await call([marked])).result?.status).toBe('released')
  })

  test.each(['{', 'null', '7', '"text"', '[]', '{"error":null}', '{"error":7}'])(
    'A body that is no problem (%s) counts by its status.',
    async (body) => {
      for (const type of ['application/json', 'application/problem+json']) {
        const final = new Response(body, { status: 400, headers: { 'content-type': type } })
        expect((await call([final])).result?.response.status).toBe(400)
      }
    },
  )

  test('Stripe marks a replay with Idempotent-Replayed. A stored 500 is final then.', async () => {
    const { result, sent } = await call([answer(500), answer(500, undefined, { 'idempotent-replayed': 'true' })])
    expect(sent).toHaveLength(2)
    expect(result).toMatchObject({ status: 'replayed', response: { status: 500 } })
  })
})

describe('Without a key', () => {
  const bare: OperationInit = { ...ORDER, key: null }

  test('J3: a request without a key is not sent again.', async () => {
    for (const status of [408, 409, 425, 429, 500, 502, 504, 503]) {
      const { sent, result } = await call([answer(status)], bare)
      expect(sent).toHaveLength(1)
      expect(result).toMatchObject({ key: undefined, response: { status } })
    }
    for (const fate of [NO_ANSWER, 'silence'] as const) {
      const { sent, error } = await call([fate], bare)
      expect(sent).toHaveLength(1)
      expect(error).toBeInstanceOf(AttemptsError)
      expect(error).toMatchObject({ key: undefined, attempts: 1, response: undefined })
    }
  })

  test('J3: a 503 with Retry-After says that nothing ran, so it is tried again.', async () => {
    expect(await attemptsUntilFinal(answer(503, undefined, { 'retry-after': '1' }), bare)).toBe(2)
  })

  test.each(['unprotected', 'none'])('J3: a key that protected nothing (%s) counts as no key.', async (mark) => {
    const { sent, result } = await call([answer(500, mark)])
    expect(sent).toHaveLength(1)
    expect(result).toMatchObject({ status: mark, response: { status: 500 } })
    expect(await attemptsUntilFinal(answer(503, mark, { 'retry-after': '1' }))).toBe(2)
  })
})

describe('Waiting', () => {
  const times = ({ sent }: Played): readonly number[] => sent.map(({ at }) => at)

  test('J5: the waits have full jitter over a bound that doubles up to 20 s.', async () => {
    const played = await call([answer(503)], ORDER, { attempts: 9, deadlineSeconds: 600 })
    // With a random number of 0.5, the waits are half of 0.5, 1, 2 … 16, 20 and 20 s.
    expect(times(played)).toEqual([0, 250, 750, 1_750, 3_750, 7_750, 15_750, 25_750, 35_750])
  })

  test.each([0, 0.999])('J5: with a random number of %d the first wait is that part of 500 ms.', async (random) => {
    const server = scriptedServer(answer(503), answer(201))
    const runtime = { ...server.options.runtime, random: () => random }
    await server.time.until(idempotentFetch({ ...server.options, runtime })('/payments', ORDER))
    expect(server.sent[1]?.at).toBe(Math.ceil(random * 500))
  })

  test.each([
    ['seconds', () => ({ 'retry-after': '7' })],
    ['a date', (now: number) => ({ 'retry-after': new Date(now + 7_000).toUTCString() })],
  ])('J5: Retry-After as %s is a lower bound.', async (_, headers) => {
    const server = scriptedServer(() => answer(503, undefined, headers(server.time.now())), answer(201))
    const runtime = { ...server.options.runtime, random: () => 0 }
    await server.time.until(idempotentFetch({ ...server.options, runtime })('/payments', ORDER))
    expect(server.sent[1]?.at).toBe(7_000)
  })

  test.each(['soon', '-1', '', '1.5e3x', new Date(0).toUTCString()])(
    'J5: Retry-After %j asks for nothing.',
    async (value) => {
      const played = await call([answer(503, undefined, { 'retry-after': value }), answer(201)])
      expect(times(played)).toEqual([0, 250])
    },
  )

  test('J6: after the last attempt the error has the last answer, and what it asks for.', async () => {
    const { error, sent } = await call([NO_ANSWER, answer(503, undefined, { 'retry-after': '2' })], ORDER, {
      attempts: 3,
    })
    expect(sent).toHaveLength(3)
    expect(error).toBeInstanceOf(AttemptsError)
    expect(error).toMatchObject({ attempts: 3, key: 'key-1', retryAfterSeconds: 2, response: { status: 503 } })
    expect(await (error as AttemptsError).response?.json()).toEqual({ status: 503 })
  })

  test('J6: the default is 6 attempts.', async () => {
    expect((await call([answer(503)])).sent).toHaveLength(6)
  })

  test('J6: if the last attempt has no answer, the error has its cause and the answer before it.', async () => {
    const { error } = await call([answer(502), NO_ANSWER], ORDER, { attempts: 2 })
    expect(error).toMatchObject({ cause: NO_ANSWER, response: { status: 502 }, retryAfterSeconds: undefined })
  })

  test('J6: a wait that would pass the deadline is not begun.', async () => {
    const started = await call([answer(503, undefined, { 'retry-after': '60' })])
    expect(started.error).toBeInstanceOf(DeadlineError)
    expect(started.error).toMatchObject({ attempts: 1, retryAfterSeconds: 60, response: { status: 503 } })
    expect(started.time.now()).toBe(scriptedServer().time.now())
  })

  test('J6: the deadline cuts an attempt off, and the error has the last answer.', async () => {
    const { error, sent, time } = await call([answer(500), 'silence'], ORDER, { deadlineSeconds: 5 })
    expect(error).toBeInstanceOf(DeadlineError)
    expect(error).toMatchObject({ attempts: 2, response: { status: 500 } })
    expect(sent).toHaveLength(2)
    expect(time.now() - scriptedServer().time.now()).toBe(5_000)
  })

  test('J6: an attempt without an answer is given up after attemptSeconds.', async () => {
    const played = await call(['silence', answer(201)], ORDER, { attemptSeconds: 3 })
    expect(times(played)).toEqual([0, 3_250])
    expect(times(await call(['silence', answer(201)]))).toEqual([0, 30_250])
  })

  test('J6: a fetch that ignores its signal is given up too.', async () => {
    const deaf = { fetch: () => new Promise<never>(() => {}), attempts: 2 }
    expect((await call([], ORDER, deaf)).error).toBeInstanceOf(AttemptsError)
  })
})

describe('Stopping', () => {
  const stopped = async (fates: readonly Fate[], afterMillis: number, init = ORDER): Promise<Played> => {
    const server = scriptedServer(...fates)
    const controller = new AbortController()
    if (afterMillis === 0) controller.abort('stop')
    else server.time.sleep(afterMillis).then(() => controller.abort('stop'))
    const calling = idempotentFetch(server.options)('/payments', { ...init, signal: controller.signal })
    try {
      return { ...server, result: await server.time.until(calling), error: undefined }
    } catch (error) {
      return { ...server, result: undefined, error }
    }
  }

  test('J6: a signal that is aborted already sends nothing.', async () => {
    const { error, sent } = await stopped([answer(201)], 0)
    expect([error, sent]).toEqual(['stop', []])
  })

  test('J6: a signal stops a wait, and the error is its reason.', async () => {
    const { error, sent, time } = await stopped([answer(503, undefined, { 'retry-after': '30' }), answer(201)], 1_000)
    expect([error, sent.length, time.now()]).toEqual(['stop', 1, scriptedServer().time.now() + 1_000])
  })

  test.each([ORDER, { ...ORDER, key: null }])('J6: a signal stops an attempt (%j).', async (init) => {
    const { error, sent } = await stopped(['silence', answer(201)], 1_000, init as typeof ORDER)
    expect([error, sent.length]).toEqual(['stop', 1])
  })

  test('J6: the fetch of the attempt sees the signal of a stopped call.', async () => {
    const signals: AbortSignal[] = []
    const server = scriptedServer('silence')
    const fetch = (url: string, init: RequestInit): Promise<Response> => {
      signals.push(init.signal as AbortSignal)
      return server.options.fetch(url, init)
    }
    const calling = idempotentFetch({ ...server.options, fetch, attempts: 2 })('/payments', ORDER)
    await expect(server.time.until(calling)).rejects.toThrow(AttemptsError)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  })

  test('A signal that aborts after the answer does not take the body away.', async () => {
    const controller = new AbortController()
    const server = scriptedServer(answer(201, 'created'))
    const calling = idempotentFetch(server.options)('/payments', { ...ORDER, signal: controller.signal })
    const { response } = await server.time.until(calling)
    controller.abort()
    expect(await response.json()).toEqual({ status: 201 })
  })
})

test('An error shows neither the key nor the answer in a log.', async () => {
  const { error } = await call([problemOf('key-reused')], { ...ORDER, key: 'secret-key' })
  expect(error).toMatchObject({ key: 'secret-key', response: { status: 422 } })
  for (const text of [inspect(error), JSON.stringify(error), String(error)]) expect(text).not.toMatch(/secret|Response/)
})

describe('Options', () => {
  test.each([
    [{ attempts: 0 }, 'option "attempts" is 0; it must be an integer from 1 to 100'],
    [{ attempts: 1.5 }, 'option "attempts" is 1.5; it must be an integer from 1 to 100'],
    [{ attempts: '3' }, 'option "attempts" is 3; it must be an integer from 1 to 100'],
    [{ deadlineSeconds: 86_401 }, 'option "deadlineSeconds" is 86401; it must be an integer from 1 to 86400'],
    [{ raw: 'yes' }, 'option "raw" is yes; it must be of type boolean'],
    [{ runtime: null }, 'option "runtime" is null; it must be of type object'],
    [{ retries: 3 }, 'option "retries" is not known; the options are attempts, deadlineSeconds'],
    [{ toString: 3 }, 'option "toString" is not known'],
  ])('%j is refused at construction.', (options, message) => {
    expect(() => idempotentFetch(options as never)).toThrow(message)
  })

  test('A header name that cannot be sent is refused at construction.', () => {
    expect(() => idempotentFetch({ header: 'not a name' })).toThrow('option "header" is no name; it must match')
  })

  test('An option that is undefined counts as left out.', async () => {
    const { sent } = await call([answer(503)], ORDER, { attempts: undefined, header: undefined })
    expect(sent).toHaveLength(6)
    expect(sent[0]?.headers['idempotency-key']).toBe('"key-1"')
  })
})
