import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { keyedFetch, wasNotSent } from '../../lib/downstream/index.ts'
import { OptionError } from '../../lib/index.ts'

interface Arrived {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

let server: Server
let base: string
let closed: string
let arrived: Arrived[] = []

const urlOf = async (listening: Server): Promise<string> => {
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

beforeAll(async () => {
  const gone = createServer()
  closed = await urlOf(gone)
  gone.close()
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    arrived.push({ method: request.method, path: request.url, headers: request.headers, body })
    const status = Number(/^\/(\d{3})/.exec(request.url ?? '')?.[1] ?? 200)
    // A client that follows to the closed port meets ECONNREFUSED, after its first request was done.
    const location = request.url?.includes('gone') ? closed : '/moved'
    response.writeHead(status, status >= 300 ? { location } : {}).end('ok')
  })
  base = await urlOf(server)
})

beforeEach(() => {
  arrived = []
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const KEY = '2f0c1a5e-6f0e-8b58-9b0a-0c6a5f2f7a11'
const send = keyedFetch(KEY)
const last = (): Arrived | undefined => arrived.at(-1)

test('I35 keyedFetch sends its key in Idempotency-Key, or in the header that you name', async () => {
  await send(base, { method: 'POST' })
  expect(last()?.headers['idempotency-key']).toBe(KEY)
  await keyedFetch(KEY, { header: 'PayPal-Request-Id' })(base, { method: 'POST' })
  expect(last()?.headers).toMatchObject({ 'paypal-request-id': KEY })
  expect(last()?.headers).not.toHaveProperty('idempotency-key')
})

test('I35 keyedFetch sends its key on each request, of any method', async () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'GET']) await send(base, { method })
  await send(new URL(base))
  expect(arrived.map(({ method, headers }) => [method, headers['idempotency-key']])).toEqual(
    ['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'GET'].map((method) => [method, KEY]),
  )
})

const OWN_HEADERS: readonly (readonly [string, () => NonNullable<RequestInit['headers']>])[] = [
  ['an object', () => ({ 'X-Own': '1' })],
  ['an array of pairs', () => [['X-Own', '1']]],
  ['a Headers', () => new Headers({ 'X-Own': '1' })],
  ['a Map', () => new Map([['X-Own', '1']]) as unknown as NonNullable<RequestInit['headers']>],
]

test.each(OWN_HEADERS)(
  'I35 keyedFetch keeps the headers that come as %s, and does not change them',
  async (_, make) => {
    const headers = make()
    const before = [...new Headers(headers)]
    await send(base, { method: 'POST', headers, body: '{"amount":1}' })
    expect(last()).toMatchObject({ method: 'POST', body: '{"amount":1}' })
    expect(last()?.headers).toMatchObject({ 'x-own': '1', 'idempotency-key': KEY })
    expect([...new Headers(headers)]).toEqual(before)
  },
)

const BODIES: readonly (readonly [string, () => NonNullable<RequestInit['body']>, string])[] = [
  ['text', () => '{"amount":1}', '{"amount":1}'],
  ['form fields', () => new URLSearchParams({ amount: '1' }), 'amount=1'],
  ['bytes', () => new TextEncoder().encode('ä'), 'ä'],
  ['a blob', () => new Blob(['blob']), 'blob'],
  ['a stream', () => new Blob(['stream']).stream(), 'stream'],
]

test.each(BODIES)('I35 keyedFetch sends %s as the body that it is', async (_, make, text) => {
  await send(base, { method: 'POST', body: make(), duplex: 'half' } as RequestInit)
  expect(last()?.body).toBe(text)
  await send(new Request(base, { method: 'PUT', body: make(), duplex: 'half' } as RequestInit))
  expect(last()).toMatchObject({ method: 'PUT', body: text })
})

test('I35 keyedFetch takes a Request, with its method, headers and body', async () => {
  const request = new Request(`${base}/charges`, { method: 'POST', headers: { 'X-Own': '1' }, body: 'text' })
  await send(request)
  expect(last()).toMatchObject({ method: 'POST', path: '/charges', body: 'text' })
  expect(last()?.headers).toMatchObject({ 'x-own': '1', 'idempotency-key': KEY })
  expect(request.headers.has('idempotency-key')).toBe(false)
})

test('I35 headers beside a Request replace those of the Request, as with fetch', async () => {
  await send(new Request(base, { method: 'POST', headers: { 'X-Own': '1' } }), { headers: { 'X-Other': '2' } })
  expect(last()?.headers).toMatchObject({ 'x-other': '2', 'idempotency-key': KEY })
  expect(last()?.headers).not.toHaveProperty('x-own')
})

test('I35 keyedFetch takes a Request as the settings of another URL, as fetch does', async () => {
  await send(`${base}/other`, new Request(base, { method: 'POST', headers: { 'X-Own': '1' }, body: 'text' }))
  expect(last()).toMatchObject({ method: 'POST', path: '/other', body: 'text' })
  expect(last()?.headers).toMatchObject({ 'x-own': '1', 'idempotency-key': KEY })
})

test.each(OWN_HEADERS)(
  'I35 keyedFetch refuses another key in headers that come as %s: nothing is sent',
  async (_, make) => {
    const headers = new Headers(make())
    headers.set('idempotency-key', 'another')
    const form = Array.isArray(make()) ? [...headers] : Object.fromEntries(headers)
    for (const init of [{ headers }, { headers: form as NonNullable<RequestInit['headers']> }])
      await expect(send(base, { method: 'POST', ...init })).rejects.toThrow(
        new TypeError(`keyedFetch: the request has "Idempotency-Key: another"; the key is "${KEY}"`),
      )
    await expect(send(new Request(base, { method: 'POST', headers }))).rejects.toThrow(TypeError)
    expect(arrived).toEqual([])
  },
)

test('I35 keyedFetch refuses two values, and accepts its own key', async () => {
  const twice: [string, string][] = [
    ['Idempotency-Key', KEY],
    ['idempotency-key', KEY],
  ]
  await expect(send(base, { headers: twice })).rejects.toThrow(TypeError)
  await send(base, { method: 'POST', headers: { 'IDEMPOTENCY-KEY': KEY } })
  expect(last()?.headers['idempotency-key']).toBe(KEY)
})

test('I35 two keyedFetch do not mix their keys', async () => {
  const sends = ['a', 'b', 'c'].map((key) => keyedFetch(key))
  await Promise.all(sends.map((one, at) => one(`${base}/${at}`, { method: 'POST' })))
  const sent = arrived.map(({ path, headers }) => `${path} ${headers['idempotency-key']}`)
  expect(sent.sort()).toEqual(['/0 a', '/1 b', '/2 c'])
})

test('I35 keyedFetch sends with the fetch that you give', async () => {
  const seen: [unknown, RequestInit | undefined][] = []
  const own: typeof fetch = async (input, init) => {
    seen.push([input, init])
    return new Response('own')
  }
  const response = await keyedFetch(KEY, { fetch: own })('https://example.com/', { method: 'POST', body: 'text' })
  expect(await response.text()).toBe('own')
  expect(seen).toMatchObject([['https://example.com/', { method: 'POST', body: 'text' }]])
  expect(new Headers(seen[0]?.[1]?.headers).get('idempotency-key')).toBe(KEY)
})

test.each([301, 302, 303, 307, 308])(
  'I35 keyedFetch does not follow a %s of a POST, which was done',
  async (status) => {
    const sent = send(`${base}/${status}/gone`, { method: 'POST', body: 'x' })
    expect(wasNotSent(await sent.catch((error) => error))).toBe(false)
    await expect(sent).rejects.toThrow('fetch failed')
    await expect(send(new Request(`${base}/${status}`, { method: 'POST' }))).rejects.toThrow('fetch failed')
    expect(arrived).toHaveLength(2)
  },
)

test('I35 keyedFetch follows a redirect of a GET, or if you say so, and leaves it to you with manual', async () => {
  expect((await send(`${base}/302`)).url).toBe(`${base}/moved`)
  expect((await send(`${base}/302`, { method: 'POST', redirect: 'follow' })).url).toBe(`${base}/moved`)
  expect((await send(`${base}/302`, { method: 'POST', redirect: 'manual' })).status).toBe(302)
  expect((await send(new Request(`${base}/302`, { method: 'POST', redirect: 'manual' }))).status).toBe(302)
})

test.each(['', ' key', 'key ', 'k\ney', 'k\tey', 'schlüssel', '\u007f', '🔑'])(
  'I35 keyedFetch refuses the key %j',
  (key) => {
    expect(() => keyedFetch(key)).toThrow(TypeError)
    expect(() => keyedFetch(key)).toThrow(/^keyedFetch\(key\): key is ".*"; it must be printable ASCII/s)
  },
)

test.each([undefined, null, 7, {}])('I35 keyedFetch refuses %p as a key', (key) => {
  expect(() => keyedFetch(key as unknown as string)).toThrow(/key is (undefined|null|7|an object); it must be/)
})

test.each(['!', '~', 'a b', 'x'.repeat(255), '"quoted"'])('I35 keyedFetch sends the key %j as it is', async (key) => {
  await keyedFetch(key)(base, { method: 'POST' })
  expect(last()?.headers['idempotency-key']).toBe(key)
})

test.each([
  [{ header: '' }, /option "header" is ""; it must be the name of a header/],
  [{ header: 'Idempotency Key' }, /option "header" is "Idempotency Key"/],
  [{ header: 'Key:' }, /option "header"/],
  [{ header: 7 }, /option "header" is 7/],
  [{ fetch: 'fetch' }, /option "fetch" is "fetch"; it must be a function/],
  [{ haeder: 'PayPal-Request-Id' }, /option "haeder" is not known; the options are header, fetch/],
  [null, /options/],
])('I35 keyedFetch refuses the options %j', (options, message) => {
  expect(() => keyedFetch(KEY, options as object)).toThrow(OptionError)
  expect(() => keyedFetch(KEY, options as object)).toThrow(message)
})
