import { type HttpOptions, idempotent } from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, EVENT_KINDS, EVENT_MAKERS, type TestEvent, type TestEventKind } from '../support/http-events.ts'
import { type Wire, wireOf } from '../support/wire.ts'

type Pair = readonly [first: TestEventKind, second: TestEventKind]

const PAIRS: readonly Pair[] = EVENT_KINDS.flatMap((first) => EVENT_KINDS.map((second): Pair => [first, second]))

const IS_PAYLOAD_20 = new Set<TestEventKind>(['http-api', 'function-url'])

interface Subject {
  readonly send: (kind: TestEventKind, key: string) => Promise<unknown>
  runs(): number
}

const subject = (answer: unknown, over: Partial<HttpOptions<TestEvent>> = {}): Subject => {
  const options = { store: memoryStore(), operation: 'payments', tenant: 'single-tenant', ...over } as const
  let runs = 0
  const handler = idempotent(() => {
    runs++
    return answer
  }, options)
  return {
    send: (kind, key) =>
      handler(EVENT_MAKERS[kind]({ headers: [['Idempotency-Key', key]], body: '{}' }) as never, contextWith()),
    runs: () => runs,
  }
}

/** Lines of one name are one list, however they are sent (RFC 9110, section 5.3). Each cookie has a separate line. */
const shown = ({ headers, ...rest }: Wire) => ({
  ...rest,
  headers: Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !name.startsWith('idempoten'))
      .map(([name, lines]) => [name, name === 'set-cookie' ? lines : lines.join(', ')]),
  ),
})

const COOKIES = ['a=1; Secure', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT']

/** The forms in which handlers write an answer, and what the client gets. */
const ANSWERS: Readonly<Record<string, { readonly answer: object; readonly headers: object; readonly body?: string }>> =
  {
    'single-value headers': {
      answer: { statusCode: 201, headers: { Location: '/payments/1', 'Content-Type': 'application/json' }, body: 'x' },
      headers: { location: '/payments/1', 'content-type': 'application/json' },
    },
    'multi-value headers': {
      answer: { statusCode: 201, multiValueHeaders: { Location: ['/payments/1'], 'X-A': ['1', '2'] }, body: 'x' },
      headers: { location: '/payments/1', 'x-a': '1, 2' },
    },
    'both, of which the multi-value ones win': {
      answer: {
        statusCode: 201,
        headers: { 'x-a': 'lost', Location: '/payments/1' },
        multiValueHeaders: { 'X-A': ['1', '2'] },
        body: 'x',
      },
      headers: { location: '/payments/1', 'x-a': '1, 2' },
    },
    'numbers, lists and nothing among the headers': {
      answer: {
        statusCode: 201,
        headers: { 'X-Count': 7, 'X-List': ['1', '2'], 'X-None': undefined, 'X-Null': null },
        multiValueHeaders: { 'X-One': 'one', 'X-Many': [1, 2] },
        body: 'x',
      },
      headers: { 'x-count': '7', 'x-list': '1, 2', 'x-one': 'one', 'x-many': '1, 2' },
    },
    'a binary body': {
      answer: { statusCode: 201, isBase64Encoded: true, body: Buffer.from([0, 255, 1]).toString('base64') },
      headers: {},
      body: '\u0000\u00ff\u0001',
    },
    'what only a load balancer knows': {
      answer: { statusCode: 201, statusDescription: '201 Created', headers: {}, body: 'x' },
      headers: {},
    },
    'maps that are none': {
      answer: { statusCode: 201, headers: null, multiValueHeaders: 'abc', cookies: 'a=1', body: 'x' },
      headers: {},
    },
  }

describe.each(Object.entries(ANSWERS))('E2, E8: an answer with %s', (_, { answer, headers, body = 'x' }) => {
  test.each(PAIRS)(
    'stored behind %s has the form of that front, and is replayed behind %s in the form of the other',
    async (first, second) => {
      const { send, runs } = subject(answer)
      const fresh = wireOf(first, await send(first, 'k'))
      const replay = wireOf(second, await send(second, 'k'))
      const expected = { statusCode: 201, headers, body }
      expect([shown(fresh), shown(replay)]).toEqual([expected, expected])
      expect(fresh.headers['idempotency-status']).toEqual(['created'])
      expect(replay.headers).toMatchObject({ 'idempotency-status': ['replayed'], 'idempotent-replayed': ['true'] })
      expect(runs()).toBe(1)
    },
  )
})

const COOKIE_ANSWERS: Readonly<Record<string, object>> = {
  'in the list of payload 2.0': { statusCode: 201, headers: { 'X-A': '1' }, cookies: COOKIES, body: 'x' },
  'in multi-value headers': {
    statusCode: 201,
    headers: { 'X-A': '1' },
    multiValueHeaders: { 'Set-Cookie': COOKIES },
    body: 'x',
  },
  'in both': {
    statusCode: 201,
    headers: { 'X-A': '1' },
    multiValueHeaders: { 'set-cookie': [COOKIES[0]] },
    cookies: [COOKIES[1]],
    body: 'x',
  },
}

describe.each(Object.entries(COOKIE_ANSWERS))('E2, E8: cookies %s', (_, answer) => {
  /** A load balancer without multi-value headers, and VPC Lattice, can set one cookie. */
  const hasOneLine = /^(alb|lattice|lattice-v1)$/
  const cookiesOf = (kind: TestEventKind) => (hasOneLine.test(kind) ? COOKIES.slice(1) : COOKIES)

  test.each(PAIRS)('of an answer behind %s are set, and are not replayed behind %s', async (first, second) => {
    const { send } = subject(answer)
    const fresh = wireOf(first, await send(first, 'k'))
    expect(shown(fresh).headers).toEqual({ 'x-a': '1', 'set-cookie': cookiesOf(first) })
    expect(shown(wireOf(second, await send(second, 'k'))).headers).toEqual({ 'x-a': '1' })
  })

  test.each(PAIRS)('that may be replayed are, from %s to %s, each in a separate line', async (first, second) => {
    const { send } = subject(answer, { replayHeaders: { allow: ['set-cookie', 'x-a'] } })
    await send(first, 'k')
    const replay = wireOf(second, await send(second, 'k'))
    expect(shown(replay).headers).toEqual({ 'x-a': '1', 'set-cookie': cookiesOf(second) })
  })
})

test.each(EVENT_KINDS)('E12: on %s two spellings of one header in one map are two lines', async (kind) => {
  const { send } = subject({ statusCode: 201, headers: { 'X-A': '1', 'x-a': '2' }, body: 'x' })
  expect(wireOf(kind, await send(kind, 'k')).headers['x-a']).toEqual(['1', '2'])
})

describe('E12: a result without a status', () => {
  test.each(PAIRS.filter(([first, second]) => IS_PAYLOAD_20.has(first) || IS_PAYLOAD_20.has(second)))(
    'first behind %s, then behind %s, is made explicit if either has payload 2.0',
    async (first, second) => {
      const { send, runs } = subject({ id: 'p_1' })
      const fresh = await send(first, 'k')
      if (IS_PAYLOAD_20.has(first))
        expect(wireOf(first, fresh)).toMatchObject({ statusCode: 200, body: '{"id":"p_1"}' })
      else expect(fresh).toEqual({ id: 'p_1' })
      const replay = wireOf(second, await send(second, 'k'))
      expect(replay).toMatchObject({
        statusCode: 200,
        body: '{"id":"p_1"}',
        headers: { 'idempotency-status': ['replayed'] },
      })
      expect(replay.headers['content-type']).toEqual(['application/json'])
      expect(runs()).toBe(1)
    },
  )
})

test.each(EVENT_KINDS)('E14: on %s a problem has the form of its event', async (kind) => {
  const { send } = subject({ statusCode: 201, body: 'x' })
  const problem = wireOf(kind, await send(kind, 'a,b'))
  expect(problem).toMatchObject({ statusCode: 400, headers: { 'content-type': ['application/problem+json'] } })
})
