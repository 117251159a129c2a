import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Invoked } from '../../local/functions/invoked.ts'
import { gateway } from '../../local/gateway/gateway.ts'

let server: Server
let port: number
let events: Record<string, unknown>[]
let result: Invoked

beforeEach(async () => {
  events = []
  result = { kind: 'returned', result: { statusCode: 200, body: 'fine' } }
  const invoke = async (event: unknown): Promise<Invoked> => {
    events.push(event as Record<string, unknown>)
    return result
  }
  const routes = [
    { routeKey: 'GET /payments', functionName: 'one' },
    { routeKey: 'POST /payments/{id}/refunds', functionName: 'one' },
  ]
  server = createServer(gateway({ routes, functions: new Map([['one', { invoke }]]) })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

/** Sends raw bytes, because HTTP clients join header lines. */
const send = async (lines: readonly string[], body: string | Buffer = ''): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  const head = [...lines, 'Host: api.example.com', 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  socket.end(body)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer
}

const REFUND = 'POST /payments/a%20b/refunds?to=x&to=y%2Cz&empty= HTTP/1.1'

test('A request becomes an event of payload format 2.0.', async () => {
  const before = Date.now()
  await send(
    [REFUND, 'X-Merchant-Id: acme', 'Cookie: a=1; b=2', 'User-Agent: test', 'Content-Type: application/json'],
    '{"amount":1}',
  )
  const [event = {}] = events
  const { requestContext, headers, ...rest } = event as { requestContext: Record<string, unknown>; headers: object }
  expect(rest).toEqual({
    version: '2.0',
    routeKey: 'POST /payments/{id}/refunds',
    rawPath: '/payments/a%20b/refunds',
    rawQueryString: 'to=x&to=y%2Cz&empty=',
    queryStringParameters: { to: 'x,y,z', empty: '' },
    pathParameters: { id: 'a b' },
    cookies: ['a=1', 'b=2'],
    body: '{"amount":1}',
    isBase64Encoded: false,
  })
  expect(headers).toMatchObject({ 'x-merchant-id': 'acme', host: 'api.example.com', 'x-forwarded-for': '127.0.0.1' })
  expect(headers).not.toHaveProperty('cookie')
  expect(requestContext).toMatchObject({
    routeKey: 'POST /payments/{id}/refunds',
    stage: '$default',
    authorizer: { lambda: { merchantId: 'acme' } },
    http: { method: 'POST', path: '/payments/a%20b/refunds', protocol: 'HTTP/1.1', userAgent: 'test' },
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
  })
  expect(requestContext.timeEpoch).toBeGreaterThanOrEqual(before)
})

test('A part that the request lacks is absent from its event.', async () => {
  await send(['GET /payments HTTP/1.1', 'X-Merchant-Id: acme'])
  expect(Object.keys(events[0] ?? {}).sort()).toEqual(
    ['headers', 'isBase64Encoded', 'rawPath', 'rawQueryString', 'requestContext', 'routeKey', 'version'].sort(),
  )
})

test('Two lines of one header arrive as one value, joined with a comma, and the name is in lower case.', async () => {
  await send([REFUND, 'X-Merchant-Id: acme', 'Idempotency-Key: one', 'IDEMPOTENCY-KEY: two'])
  expect(events[0]).toMatchObject({ headers: { 'idempotency-key': 'one,two' } })
})

test.each([
  ['application/json', '{}', false],
  ['application/problem+json; charset=utf-8', '{}', false],
  ['text/plain', 'ä', false],
  ['application/octet-stream', 'abc', true],
  ['image/png', 'abc', true],
  ['application/x-www-form-urlencoded', 'a=b', true],
  ['application/json', Buffer.from([0xff, 0xfe]), true],
])('A body of type %s (%j) is sent as text or base64 without loss.', async (contentType, body, isBase64Encoded) => {
  await send([REFUND, 'X-Merchant-Id: acme', `Content-Type: ${contentType}`], body)
  const expected = isBase64Encoded ? Buffer.from(body).toString('base64') : body
  expect(events[0]).toMatchObject({ body: expected, isBase64Encoded })
})

test.each([
  ['GET /nowhere HTTP/1.1', '404', '{"message":"Not Found"}'],
  ['DELETE /payments HTTP/1.1', '404', '{"message":"Not Found"}'],
  ['POST /payments//refunds HTTP/1.1', '404', '{"message":"Not Found"}'],
  ['POST /payments/%zz/refunds HTTP/1.1', '404', '{"message":"Not Found"}'],
])('The gateway itself answers %s: %s.', async (line, status, body) => {
  const answer = await send([line, 'X-Merchant-Id: acme'])
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(answer).toContain(`\r\n\r\n${body}`)
  expect(events).toEqual([])
})

test.each([[[]], [['X-Merchant-Id:']]])(
  'A request without a merchant (%j) gets 401, and no function runs.',
  async (lines) => {
    const answer = await send(['GET /payments HTTP/1.1', ...lines])
    expect(answer).toMatch(/^HTTP\/1.1 401 /)
    expect(answer).toContain('{"message":"Unauthorized"}')
    expect(events).toEqual([])
  },
)

const returned = async (value: unknown): Promise<string> => {
  result = { kind: 'returned', result: value }
  return send(['GET /payments HTTP/1.1', 'X-Merchant-Id: acme'])
}

test('Status, headers and cookies of a result are sent unchanged.', async () => {
  const answer = await returned({
    statusCode: 201,
    headers: { Location: '/payments/1', 'X-Count': 2 },
    cookies: ['a=1', 'b=2; Secure'],
    body: '{}',
  })
  expect(answer).toMatch(/^HTTP\/1.1 201 Created\r\n/)
  for (const line of ['location: /payments/1', 'x-count: 2', 'set-cookie: a=1', 'set-cookie: b=2; Secure']) {
    expect(answer).toContain(`\r\n${line}\r\n`)
  }
})

test('A base64 body is sent as bytes.', async () => {
  const body = Buffer.from('abc').toString('base64')
  expect(await returned({ statusCode: 200, isBase64Encoded: true, body })).toMatch(/\r\n\r\nabc$/)
})

test.each([
  [{ id: 1 }, '{"id":1}'],
  ['text', 'text'],
  [null, 'null'],
])('A result without a status (%j) becomes a 200 with JSON.', async (value, body) => {
  const answer = await returned(value)
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/)
  expect(answer).toContain('\r\ncontent-type: application/json\r\n')
  expect(answer.endsWith(`\r\n\r\n${body}`)).toBe(true)
})

test.each([
  { statusCode: 'abc' },
  { statusCode: 99 },
  { statusCode: 200, body: { not: 'text' } },
  { statusCode: 200, headers: 'none' },
  { statusCode: 200, headers: { 'not a name': 'x' } },
  { statusCode: 200, headers: { 'x-split': 'a\r\nb: c' } },
])('An invalid result (%j) becomes a 500.', async (value) => {
  const answer = await returned(value)
  expect(answer).toMatch(/^HTTP\/1.1 500 /)
  expect(answer).toContain('{"message":"Internal Server Error"}')
})

test.each(['threw', 'died', 'timed-out'] as const)('A function that %s causes a 500.', async (kind) => {
  result = { kind }
  const answer = await send(['GET /payments HTTP/1.1', 'X-Merchant-Id: acme'])
  expect(answer).toMatch(/^HTTP\/1.1 500 /)
  expect(answer).toContain('{"message":"Internal Server Error"}')
})
