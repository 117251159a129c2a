import { type HttpOptions, idempotent } from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, EVENT_KINDS, EVENT_MAKERS, type TestEvent, type TestEventKind } from '../support/http-events.ts'
import { answered } from '../support/http-harness.ts'

const send = (answer: () => unknown, over: Partial<HttpOptions<TestEvent>> = {}) => {
  const options = { store: memoryStore(), operation: 'payments', tenant: 'single-tenant', ...over } as const
  const handler = idempotent(answer, options)
  return async (kind: TestEventKind = 'http-api') => {
    const event = EVENT_MAKERS[kind]({ headers: [['idempotency-key', 'k']], body: '{}' })
    return JSON.parse(JSON.stringify(await handler(event as never, contextWith()))) as Record<string, unknown>
  }
}

/** What the client gets, without the headers that distinguish a first answer from its replay, and without cookies. */
const unmarked = (result: Record<string, unknown>) => {
  if (result === null || typeof result !== 'object' || !('statusCode' in result)) return result
  const { headers, cookies, ...rest } = answered(result)
  return { ...rest, headers: Object.entries(headers).filter(([name]) => !/^(idempoten|set-cookie)/.test(name)) }
}

/** Answers something else each time that it is read. */
const changing = (make: (reads: number) => unknown): PropertyDescriptor => {
  let reads = 0
  return { enumerable: true, get: () => make(++reads) }
}

const WITH_GETTERS: Readonly<Record<string, () => object>> = {
  'its status': () =>
    Object.defineProperty(
      { body: 'x' },
      'statusCode',
      changing((reads) => 200 + reads),
    ),
  'its body': () =>
    Object.defineProperty(
      { statusCode: 201 },
      'body',
      changing((reads) => `body ${reads}`),
    ),
  'a body that is an object': () =>
    Object.defineProperty(
      { statusCode: 201 },
      'body',
      changing((reads) => ({ reads })),
    ),
  'a member of its body': () => ({
    statusCode: 201,
    body: Object.defineProperty(
      {},
      'id',
      changing((reads) => `p_${reads}`),
    ),
  }),
  'its headers': () =>
    Object.defineProperty(
      { statusCode: 201, body: '' },
      'headers',
      changing((reads) => ({ etag: `${reads}` })),
    ),
  'one of its headers': () => ({
    statusCode: 201,
    body: '',
    headers: Object.defineProperty(
      {},
      'etag',
      changing((reads) => `e${reads}`),
    ),
  }),
  'a line of its headers': () => ({
    statusCode: 201,
    body: '',
    multiValueHeaders: {
      etag: Object.defineProperty(
        ['e'],
        0,
        changing((reads) => `e${reads}`),
      ),
    },
  }),
  'the Base64 flag': () =>
    Object.defineProperty(
      { statusCode: 201, body: 'AP8B' },
      'isBase64Encoded',
      changing((reads) => reads % 2 === 1),
    ),
  'a result without a status': () =>
    Object.defineProperty(
      {},
      'id',
      changing((reads) => `p_${reads}`),
    ),
}

describe.each(Object.entries(WITH_GETTERS))('C2, E12: an answer is read once: %s', (_, make) => {
  test.each(EVENT_KINDS)('on %s the stored answer equals the given one', async (kind) => {
    let runs = 0
    const handle = send(() => {
      runs++
      return make()
    })
    expect(unmarked(await handle(kind))).toEqual(unmarked(await handle(kind)))
    expect(runs).toBe(1)
  })
})

const loop: Record<string, unknown> = {}
loop.self = loop

describe.each<[string, unknown]>([
  ['a text', 'abc'],
  ['a list of pairs', [['a', 'b']]],
  ['a number', 5],
  ['null', null],
  ['a Headers object', new Headers({ a: 'b' })],
  ['a Map', new Map([['a', 'b']])],
  ['values that are objects', { a: { toString: 1 }, b: Object.create(null) }],
  ['what refers to itself', loop],
  ['bigints', { a: 1n }],
  [
    'a getter that throws',
    Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    }),
  ],
])('C2, E12: headers that are %s', (_, headers) => {
  test.each(EVENT_KINDS)('on %s give the same answer the first time and in the replay', async (kind) => {
    for (const name of ['headers', 'multiValueHeaders', 'cookies']) {
      const handle = send(() => ({ statusCode: 201, [name]: headers, body: 'x' }))
      const [first, second] = [await handle(kind), await handle(kind)]
      expect(unmarked(second)).toEqual(unmarked(first))
      expect([first, second].map((answer) => answered(answer).headers['idempotency-status'])).toEqual([
        'created',
        'replayed',
      ])
    }
  })
})

test('C2: if the handler changes its answer afterwards, neither the stored nor the given answer changes', async () => {
  const answer = {
    statusCode: 201,
    headers: { etag: 'e' },
    multiValueHeaders: { via: ['1'] },
    cookies: ['a=1'],
    body: 'x',
  }
  const store = memoryStore()
  const late = {
    ...store,
    settle: async (...given: Parameters<typeof store.settle>) => {
      answer.headers.etag = 'changed'
      answer.multiValueHeaders.via[0] = 'changed'
      answer.cookies[0] = 'changed'
      return store.settle(...given)
    },
  }
  const handle = send(() => answer, { store: late })
  expect(await handle()).toMatchObject({ headers: { etag: 'e', via: '1' }, cookies: ['a=1'] })
  expect(await handle()).toMatchObject({ headers: { etag: 'e', via: '1' } })
})
