import middy from '@middy/core'
import {
  allowOrigins,
  type Cors,
  type CorsOptions,
  type HttpOptions,
  idempotency,
  idempotent,
} from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, EVENT_KINDS, EVENT_MAKERS, type TestEvent, type TestEventKind } from '../support/http-events.ts'
import { wireOf } from '../support/wire.ts'

const SHOP = 'https://shop.example'
const ADMIN = 'https://admin.example:8443'

interface Sent {
  readonly origin?: string | undefined
  readonly key?: string
  readonly method?: string
}

const eventOf = (kind: TestEventKind, { origin, key = 'k', method = 'POST' }: Sent): TestEvent =>
  EVENT_MAKERS[kind]({
    method,
    headers: [['Idempotency-Key', key], ...(origin === undefined ? [] : [['Origin', origin] as const])],
    body: '{}',
  })

type Handle = (event: TestEvent, context: object) => unknown

const subject = (handle: Handle, over: Partial<HttpOptions<TestEvent>> = {}) => {
  const options = { store: memoryStore(), operation: 'payments', tenant: 'single-tenant', ...over } as const
  const handler = idempotent(handle as never, options)
  return async (kind: TestEventKind, sent: Sent) => {
    const { headers, ...rest } = wireOf(kind, await handler(eventOf(kind, sent) as never, contextWith()))
    return {
      ...rest,
      headers: Object.fromEntries(Object.entries(headers).map(([name, lines]) => [name, lines.join(', ')])),
    }
  }
}

const plain: Handle = () => ({ statusCode: 201, headers: { Location: '/payments/1' }, body: 'x' })

/** As a framework within the handler does. */
const withOwnCors: Handle = (event) => {
  const lines = { ...event.headers, ...event.multiValueHeaders }
  const [origin] = [lines.Origin ?? lines.origin].flat()
  return {
    statusCode: 201,
    multiValueHeaders: {
      'Access-Control-Allow-Origin': [origin],
      'Access-Control-Allow-Credentials': ['true'],
      'Access-Control-Expose-Headers': ['ETag'],
      Vary: ['Origin'],
    },
    body: 'x',
  }
}

describe.each(EVENT_KINDS)('on %s', (kind) => {
  test('a permission that a handler gives to one origin is not replayed to another', async () => {
    const send = subject(withOwnCors)
    const own = {
      'access-control-allow-origin': SHOP,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'ETag',
      vary: 'Origin',
    }
    expect((await send(kind, { origin: SHOP })).headers).toMatchObject(own)
    expect((await send(kind, { origin: SHOP })).headers).toMatchObject({ ...own, 'idempotency-status': 'replayed' })
    const { headers } = await send(kind, { origin: ADMIN })
    expect(headers).toEqual({ vary: 'Origin', 'idempotency-status': 'replayed', 'idempotent-replayed': 'true' })
    expect((await send(kind, {})).headers).toMatchObject(own)
  })

  test('a permission that a handler gives to all origins is replayed to all', async () => {
    const send = subject(() => ({ statusCode: 201, headers: { 'access-control-allow-origin': '*' }, body: 'x' }))
    await send(kind, { origin: SHOP })
    expect((await send(kind, { origin: ADMIN })).headers).toMatchObject({ 'access-control-allow-origin': '*' })
  })

  test('with the option, first answers, replays and problems can be read by each origin of the list, and by no other', async () => {
    const send = subject(plain, { cors: allowOrigins({ origins: [SHOP, ADMIN] }) })
    const allowed = (origin: string) => ({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'Idempotency-Status, Idempotent-Replayed, Link, Location, Retry-After',
      vary: 'Origin',
    })
    expect(await send(kind, { origin: SHOP })).toMatchObject({
      statusCode: 201,
      headers: { ...allowed(SHOP), 'idempotency-status': 'created' },
    })
    expect((await send(kind, { origin: ADMIN })).headers).toMatchObject({
      ...allowed(ADMIN),
      'idempotency-status': 'replayed',
    })
    expect(await send(kind, { origin: SHOP, key: 'a,b' })).toMatchObject({ statusCode: 400, headers: allowed(SHOP) })
    for (const origin of ['https://evil.example', 'https://shop.example.evil.example', 'null', undefined]) {
      const { headers } = await send(kind, { origin })
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
      expect(headers.vary).toBe('Origin')
    }
  })

  test('with the option, the headers of a handler that allows an origin are kept, and a replay to another origin follows the list', async () => {
    const send = subject(withOwnCors, { cors: allowOrigins({ origins: [SHOP, ADMIN] }) })
    const first = await send(kind, { origin: SHOP })
    expect(first.headers).toMatchObject({
      'access-control-allow-origin': SHOP,
      'access-control-expose-headers': 'ETag',
    })
    const { headers } = await send(kind, { origin: ADMIN })
    expect(headers).toMatchObject({ 'access-control-allow-origin': ADMIN, vary: 'Origin' })
    expect(headers['access-control-expose-headers']).toContain('Idempotency-Status')
    expect(headers['access-control-allow-credentials']).toBeUndefined()
  })

  test('an answer of the option problem gets the headers too', async () => {
    const problem: HttpOptions<TestEvent>['problem'] = ({ status, body }) => ({ statusCode: status, body: body.code })
    const send = subject(plain, { cors: allowOrigins({ origins: ['*'] }), problem })
    const answer = await send(kind, { origin: SHOP, key: 'a,b' })
    expect(answer).toMatchObject({
      statusCode: 400,
      body: 'key-invalid',
      headers: { 'access-control-allow-origin': '*' },
    })
    expect(answer.headers.vary).toBeUndefined()
  })
})

test('credentials and exposeHeaders are sent if the options have them', async () => {
  const send = subject(plain, { cors: allowOrigins({ origins: [SHOP], credentials: true, exposeHeaders: ['ETag'] }) })
  expect((await send('http-api', { origin: SHOP })).headers).toMatchObject({
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'Idempotency-Status, Idempotent-Replayed, Link, Location, Retry-After, ETag',
  })
  expect((await send('http-api', { origin: ADMIN })).headers['access-control-allow-credentials']).toBeUndefined()
})

test.each([
  ['Accept-Encoding', 'Accept-Encoding, Origin'],
  ['accept, ORIGIN', 'accept, ORIGIN'],
  ['*', '*'],
  ['X-Origin', 'X-Origin, Origin'],
  ['CloudFront-Origin-Id', 'CloudFront-Origin-Id, Origin'],
])('a Vary that reads %s becomes %s', async (vary, expected) => {
  const send = subject(() => ({ statusCode: 201, headers: { vary }, body: 'x' }), {
    cors: allowOrigins({ origins: [SHOP] }),
  })
  expect((await send('http-api', { origin: SHOP })).headers.vary).toBe(expected)
})

test('a request that runs without a key gets the headers; a method that passes through is untouched', async () => {
  const send = subject(plain, { cors: allowOrigins({ origins: [SHOP] }), missingKey: 'pass', key: () => undefined })
  expect((await send('http-api', { origin: SHOP })).headers['access-control-allow-origin']).toBe(SHOP)
  expect(
    (await send('http-api', { origin: SHOP, method: 'GET' })).headers['access-control-allow-origin'],
  ).toBeUndefined()
})

test('E13: in the middleware form a replay and a problem have the headers, although outer middlewares do not see them', async () => {
  const options = {
    store: memoryStore(),
    operation: 'payments',
    tenant: 'single-tenant',
    cors: allowOrigins({ origins: [SHOP] }),
  } as const
  const chain = middy()
  chain.use(idempotency<TestEvent>(options) as never)
  const handler = chain.handler(plain as never) as unknown as Handle
  const send = async (sent: Sent) => wireOf('rest-api', await handler(eventOf('rest-api', sent), contextWith()))
  for (const sent of [{}, {}, { key: 'a,b' }]) {
    expect((await send({ origin: SHOP, ...sent })).headers['access-control-allow-origin']).toEqual([SHOP])
  }
})

describe('options that cannot be right are refused at once', () => {
  test.each<[unknown, string, RegExp]>([
    [true, 'options', /must be an object/],
    [{ origins: [SHOP], methods: ['POST'] }, 'methods', /is not known; the options are origins, credentials, exposeH/],
    [{}, 'origins', /is missing; it must list one or more origins/],
    [{ origins: SHOP }, 'origins', /must list one or more origins/],
    [{ origins: [] }, 'origins', /must list one or more origins/],
    [{ origins: [`${SHOP}/`] }, 'origins', /"https:\/\/shop\.example\/" is none/],
    [{ origins: ['shop.example'] }, 'origins', /"shop\.example" is none/],
    [{ origins: ['https://Shop.example'] }, 'origins', /"https:\/\/Shop\.example" is none/],
    [{ origins: ['https://*.example'] }, 'origins', /"https:\/\/\*\.example" is none/],
    [{ origins: ['*', SHOP] }, 'origins', /"\*" is none/],
    [{ origins: ['null'] }, 'origins', /"null" is none/],
    [{ origins: [SHOP, undefined] }, 'origins', /undefined is none/],
    [{ origins: [7] }, 'origins', /7 is none/],
    [
      { origins: ['*'], credentials: true },
      'credentials',
      /must be false under origins: \["\*"\], as browsers require/,
    ],
    [{ origins: [SHOP], credentials: 'yes' }, 'credentials', /must be true or false/],
    [{ origins: [SHOP], exposeHeaders: ['ETag, Link'] }, 'exposeHeaders', /list of header names/],
    [{ origins: [SHOP], exposeHeaders: 'ETag' }, 'exposeHeaders', /list of header names/],
  ])('allowOrigins(%j)', (options, option, rule) => {
    const refused = () => allowOrigins(options as CorsOptions)
    expect(refused).toThrow(expect.objectContaining({ name: 'OptionError', option }))
    expect(refused).toThrow(rule)
  })

  test.each<[unknown]>([[true], [null], [{ origins: [SHOP] }], [() => ({})]])('cors: %j', (cors) => {
    const refused = () => subject(plain, { cors: cors as Cors })
    expect(refused).toThrow(expect.objectContaining({ name: 'OptionError', option: 'cors' }))
    expect(refused).toThrow(/must be made by allowOrigins/)
  })

  test.each([[['*']], [[SHOP, 'http://localhost:3000', 'capacitor://localhost', 'https://xn--bcher-kva.example']]])(
    'the origins %j are allowed',
    (origins) => {
      expect(() => subject(plain, { cors: allowOrigins({ origins, credentials: undefined }) })).not.toThrow()
    },
  )
})

test('a later change of the list allows no other origin', async () => {
  const origins = [SHOP]
  const send = subject(plain, { cors: allowOrigins({ origins }) })
  origins.push(ADMIN)
  expect((await send('http-api', { origin: ADMIN })).headers['access-control-allow-origin']).toBeUndefined()
})
