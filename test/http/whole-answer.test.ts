import middy from '@middy/core'
import {
  type Answer,
  type AnswerPolicy,
  abandon,
  idempotency,
  idempotent,
  release,
  storeEverything,
} from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { type Answered, answered, errorsLogged } from '../support/http-harness.ts'

const options = (outcomes?: AnswerPolicy) => ({
  store: memoryStore(),
  operation: 'payments',
  tenant: 'single-tenant' as const,
  ...(outcomes === undefined ? {} : { outcomes }),
})

interface Subject {
  readonly send: (event?: TestEvent) => Promise<Answered>
  readonly raw: (event?: TestEvent) => Promise<unknown>
  runs(): number
}

const subject = (answer: (run: number) => unknown, outcomes?: AnswerPolicy): Subject => {
  let runs = 0
  const handler = idempotent(async (_event: TestEvent) => answer(++runs), options(outcomes))
  const raw = (event = payment('k-1')): Promise<unknown> => handler(event, contextWith())
  return { raw, send: async (event) => answered(await raw(event)), runs: () => runs }
}

const statusOf = ({ headers }: Answered): string | undefined => headers['idempotency-status']

/** What a policy sees of an answer, and what the caller gets. */
const seen = async (answer: unknown): Promise<{ readonly policy: Answer; readonly caller: unknown }> => {
  const policies: Answer[] = []
  const { raw } = subject(
    () => answer,
    ({ statusCode, headers, body }) => {
      policies.push({ statusCode, headers, body })
      return 'complete'
    },
  )
  const caller = await raw()
  const [policy] = policies
  if (policy === undefined) throw new Error('the policy was not asked')
  return { policy, caller }
}

describe('a policy sees the whole answer', () => {
  test('header names are in lower case; if both maps have a name, multiValueHeaders counts', async () => {
    const { policy } = await seen({
      statusCode: 200,
      headers: { 'X-Mode': 'dry-run', 'X-Count': 3, 'X-Both': 'one', 'X-None': undefined },
      multiValueHeaders: { 'X-Many': ['a', 'b'], 'x-both': ['two'] },
      body: '',
    })
    expect(policy.headers).toEqual({ 'x-mode': 'dry-run', 'x-count': '3', 'x-many': 'a, b', 'x-both': 'two' })
    expect((await seen({ statusCode: 204 })).policy).toEqual({ statusCode: 204, headers: {}, body: undefined })
  })

  const json = (type: string | undefined, body: unknown, isBase64Encoded = false) => ({
    statusCode: 200,
    ...(type === undefined ? {} : { headers: { 'Content-Type': type } }),
    body,
    isBase64Encoded,
  })

  test.each<[string, unknown, unknown]>([
    ['JSON', json('application/json', '{"ok":false}'), { ok: false }],
    ['JSON of another name', json('application/graphql-response+json; charset=utf-8', '{"ok":1}'), { ok: 1 }],
    ['JSON without a Content-Type', json(undefined, '[1]'), [1]],
    ['JSON in Base64', json('application/json', Buffer.from('{"ok":1}').toString('base64'), true), { ok: 1 }],
    ['JSON that is broken', json('application/json', '{"ok"'), '{"ok"'],
    ['JSON that is nested too deeply', json('application/json', '['.repeat(1e5)), '['.repeat(1e5)],
    ['text', json('text/plain', '{"ok":1}'), '{"ok":1}'],
    ['bytes', json('image/png', Buffer.of(137, 80).toString('base64'), true), Buffer.of(137, 80)],
    ['bytes that are called JSON', json('application/json', Buffer.of(255).toString('base64'), true), Buffer.of(255)],
    ['bytes for a serializer', json('application/pdf', Uint8Array.of(1, 2)), Buffer.of(1, 2)],
    ['a value for a serializer', json('text/html', { at: new Date(0) }), { at: '1970-01-01T00:00:00.000Z' }],
    ['a stream', json(undefined, new ReadableStream()), undefined],
    ['none', { statusCode: 200 }, undefined],
    ['null', json(undefined, null), undefined],
  ])('the body is read: %s', async (_, answer, body) => {
    expect((await seen(answer)).policy.body).toEqual(body)
  })

  test('a result without a status on an HTTP API is seen as the answer that API Gateway makes of it', async () => {
    const { policy } = await seen({ ok: false })
    expect(policy).toEqual({ statusCode: 200, headers: { 'content-type': 'application/json' }, body: { ok: false } })
  })

  test('if a policy changes what it sees, answer and replay do not change', async () => {
    const bytes = Buffer.from('abc')
    for (const body of ['{"paid":1}', { paid: 1 }, bytes]) {
      const { raw } = subject(
        () => ({ statusCode: 201, headers: { 'X-A': 'a' }, body }),
        (answer) => {
          Object.assign(answer.headers, { 'x-a': 'b', 'x-new': 'c' })
          if (answer.body instanceof Uint8Array) answer.body.fill(0)
          else Object.assign(answer.body as object, { paid: 2 })
          return 'complete'
        },
      )
      expect(await raw()).toEqual({
        statusCode: 201,
        headers: { 'X-A': 'a', 'Idempotency-Status': 'created' },
        body,
      })
    }
    expect(bytes.toString()).toBe('abc')
  })

  test('reading never throws, whatever the handler answers', async () => {
    const hostile = {
      toString: () => {
        throw new Error('no')
      },
    }
    const cyclic: Record<string, unknown> = {}
    cyclic.self = cyclic
    for (const body of [cyclic, 1n, Symbol('s')]) {
      expect((await seen({ statusCode: 200, body })).policy.body).toBeUndefined()
    }
    const logged = await errorsLogged(async () => {
      await seen({ statusCode: 200, headers: { 'X-A': hostile, 'X-B': null }, body: 'x' })
      await seen({ statusCode: 200, headers: 'none', multiValueHeaders: [['a']], body: 'x' })
    })
    expect(logged).toEqual([])
  })

  test('the body is parsed once, when it is first read', async () => {
    const bodies: unknown[] = []
    const { send } = subject(
      () => ({ statusCode: 200, body: '{"a":1}' }),
      (answer) => {
        bodies.push(answer.body, answer.body)
        return 'complete'
      },
    )
    await send()
    expect(bodies[0]).toBe(bodies[1])
    const { parse } = JSON
    const parsed: string[] = []
    JSON.parse = (text, reviver) => {
      parsed.push(text)
      return parse(text, reviver)
    }
    try {
      await subject(() => ({ statusCode: 200, body: '{"a":1}' }), storeEverything).raw()
    } finally {
      JSON.parse = parse
    }
    expect(parsed).not.toContain('{"a":1}')
  })

  test('a tRPC batch with a 500 inside is 207: a policy that reads the body abandons', async () => {
    const failed = { error: { message: 'x', code: -32603, data: { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500 } } }
    const body = JSON.stringify([{ result: { data: 1 } }, failed])
    const { send, runs } = subject(
      (run) =>
        run === 1
          ? { statusCode: 207, headers: { 'content-type': 'application/json' }, body }
          : { statusCode: 200, body: '[]' },
      (answer) => (answer.statusCode === 207 ? 'abandon' : storeEverything(answer)),
    )
    expect(statusOf(await send())).toBe('abandoned')
    expect(statusOf(await send())).toBe('created')
    expect(runs()).toBe(2)
  })
})

describe('a handler marks its own answer', () => {
  const busy = { statusCode: 200, headers: { 'X-A': 'a' }, body: '{"status":"busy"}' }

  test('release: nothing was done, and any payload may run', async () => {
    const { send } = subject((run) => (run === 1 ? release({ ...busy }) : busy))
    expect(statusOf(await send())).toBe('released')
    expect(statusOf(await send(payment('k-1', { amount: 2 })))).toBe('created')
  })

  test('abandon: the effect is in doubt, and the same payload may run', async () => {
    const { send } = subject((run) => (run === 1 ? abandon({ ...busy }) : busy))
    expect(statusOf(await send())).toBe('abandoned')
    expect((await send(payment('k-1', { amount: 2 }))).statusCode).toBe(422)
    expect(statusOf(await send())).toBe('created')
  })

  test('the mark wins over the policy, which is not called', async () => {
    let asked = 0
    const { send } = subject(
      () => release({ ...busy }),
      () => {
        asked++
        return 'complete'
      },
    )
    expect(statusOf(await send())).toBe('released')
    expect(asked).toBe(0)
  })

  test('C10: a claim in doubt is abandoned, although the answer is marked as released', async () => {
    const { send } = subject((run) => (run === 1 ? abandon({ ...busy }) : release({ ...busy })))
    await send()
    expect(statusOf(await send())).toBe('abandoned')
    expect((await send(payment('k-1', { amount: 2 }))).statusCode).toBe(422)
  })

  test('a constant that several requests answer is marked for none of the others', async () => {
    const accepted = Object.freeze({ statusCode: 202, body: '{}' })
    const { send, runs } = subject((run) => (run === 1 ? release(accepted) : accepted))
    expect(statusOf(await send(payment('dry')))).toBe('released')
    expect(statusOf(await send(payment('real')))).toBe('created')
    expect(statusOf(await send(payment('real')))).toBe('replayed')
    expect(runs()).toBe(2)
  })

  test('a copy is marked, and the mark is not visible in it', async () => {
    const frozen = Object.freeze({ ...busy })
    expect(release(frozen)).toEqual(frozen)
    expect(Reflect.ownKeys(frozen)).toEqual(['statusCode', 'headers', 'body'])
    const { raw } = subject(() => release(frozen))
    const answer = await raw()
    expect(answer).toEqual({ ...busy, headers: { 'X-A': 'a', 'Idempotency-Status': 'released' } })
    expect(Reflect.ownKeys(answer as object).sort()).toEqual(['body', 'headers', 'statusCode'])
  })

  test('a result without a status can be marked too, and an instance of a class', async () => {
    class Made {
      toJSON() {
        return busy
      }
    }
    for (const answer of [{ ok: false }, new Made()]) {
      const { raw, runs } = subject(() => abandon(answer))
      await raw()
      await raw()
      expect(runs()).toBe(2)
    }
  })

  test('the middleware form sees the mark', async () => {
    const handler = middy<TestEvent>()
      .use(idempotency(options()))
      .handler(async () => release({ ...busy }))
    expect(statusOf(answered(await handler(payment('k-1'), contextWith() as never)))).toBe('released')
  })

  test('without a claim a mark has no effect', async () => {
    const handler = idempotent(async (_event: TestEvent) => release({ ...busy }), {
      ...options(),
      missingKey: 'pass',
    })
    expect(statusOf(answered(await handler(payment(undefined), contextWith())))).toBe('none')
  })

  test.each<[string, unknown]>([
    ['a promise', Promise.resolve({ statusCode: 200 })],
    ['a text', 'busy'],
    ['nothing', undefined],
  ])('%s cannot be marked: the call throws', (_, answer) => {
    expect(() => release(answer as object)).toThrow(
      /^release\(answer\): answer is .+; it must be the object that the handler answers$/,
    )
    expect(() => abandon(answer as object)).toThrow(/^abandon\(answer\): /)
  })
})
