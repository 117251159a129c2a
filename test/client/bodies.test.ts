import { Readable } from 'node:stream'
import { idempotentFetch, type OperationInit, type RepeatableBody } from '../../lib/client/index.ts'
import { answer, type Sent, scriptedServer } from '../support/scripted-server.ts'

/** Both attempts of a call whose first answer is lost. `between` runs while the first attempt is under way. */
const twice = async (init: OperationInit, between: () => void = () => {}): Promise<readonly [Sent, Sent]> => {
  const server = scriptedServer(
    () => {
      between()
      return new TypeError('fetch failed')
    },
    answer(201, 'created'),
  )
  await server.time.until(idempotentFetch(server.options)('/uploads', { method: 'POST', ...init }))
  const [first, second, ...more] = server.sent
  if (first === undefined || second === undefined || more.length > 0) throw new Error(`${server.sent.length} attempts`)
  return [first, second]
}

const form = (): FormData => {
  const data = new FormData()
  data.append('name', 'größe')
  data.append('scan', new File([new Uint8Array([0, 128, 255])], 'scan.bin', { type: 'image/png' }))
  return data
}

const BODIES: readonly (readonly [string, () => RepeatableBody, string | RegExp, string | RegExp])[] = [
  ['text', () => 'größe', 'größe', 'text/plain;charset=UTF-8'],
  ['an empty text', () => '', '', 'text/plain;charset=UTF-8'],
  ['bytes', () => new TextEncoder().encode('abc'), 'abc', ''],
  ['a part of bytes', () => new TextEncoder().encode('abcd').subarray(1, 3), 'bc', ''],
  ['a DataView', () => new DataView(new TextEncoder().encode('abcd').buffer, 2), 'cd', ''],
  ['an ArrayBuffer', () => new TextEncoder().encode('abc').buffer, 'abc', ''],
  ['a Blob', () => new Blob(['abc'], { type: 'text/csv' }), 'abc', 'text/csv'],
  ['a File', () => new File(['abc'], 'a.csv', { type: 'text/csv' }), 'abc', 'text/csv'],
  [
    'URLSearchParams',
    () => new URLSearchParams({ a: 'b c' }),
    'a=b+c',
    'application/x-www-form-urlencoded;charset=UTF-8',
  ],
  ['a form', form, /name="scan"; filename="scan.bin"/, /^multipart\/form-data; boundary=./],
]

test.each(BODIES)(
  'J7: %s is sent as the same bytes in every attempt, as fetch sends it.',
  async (_, body, text, type) => {
    const [first, second] = await twice({ body: body() })
    expect(second).toEqual({ ...first, at: second.at })
    expect(first.body).toEqual(typeof text === 'string' ? text : expect.stringMatching(text))
    const { 'content-type': contentType = '' } = first.headers
    expect(contentType).toEqual(typeof type === 'string' ? type : expect.stringMatching(type))
  },
)

test('J7: a form has the same boundary in every attempt, and its header names it.', async () => {
  const [first, second] = await twice({ body: form() })
  const [, boundary = ''] = /boundary=(.*)/.exec(first.headers['content-type'] ?? '') ?? []
  for (const { headers, body } of [first, second]) {
    expect(headers['content-type']).toContain(boundary)
    expect(body.startsWith(`--${boundary}\r\n`)).toBe(true)
  }
})

test('J7: a body that the caller changes between attempts is sent as it was.', async () => {
  const bytes = new TextEncoder().encode('abc')
  const [, second] = await twice({ body: bytes }, () => bytes.fill(0))
  expect(second.body).toBe('abc')
  const json = { amount: 1 }
  const [, again] = await twice({ json }, () => {
    json.amount = 2
  })
  expect(again.body).toBe('{"amount":1}')
  const headers = new Headers({ 'x-shop': 'a' })
  const [, third] = await twice({ json, headers }, () => headers.set('x-shop', 'b'))
  expect(third.headers['x-shop']).toBe('a')
})

test('json is sent as JSON, and your own Content-Type stays.', async () => {
  const [first] = await twice({ json: { at: new Date(0) } })
  expect(first).toMatchObject({
    body: '{"at":"1970-01-01T00:00:00.000Z"}',
    headers: { 'content-type': 'application/json' },
  })
  const [own] = await twice({ json: [], headers: { 'Content-Type': 'application/vnd.api+json' } })
  expect(own).toMatchObject({ body: '[]', headers: { 'content-type': 'application/vnd.api+json' } })
  const [none] = await twice({ json: null })
  expect(none.body).toBe('null')
})

const STREAMS: readonly (readonly [string, () => unknown])[] = [
  ['a ReadableStream', () => new Blob(['abc']).stream()],
  ['a stream of Node.js', () => Readable.from(['abc'])],
  [
    'a generator',
    async function* () {
      yield 'abc'
    },
  ],
  ['an object', () => ({ amount: 1 })],
  ['a list', () => [1]],
  ['a number', () => 5],
  ['a Response', () => new Response('abc')],
]

test.each(STREAMS)('J7: %s is refused as a body before anything is sent.', async (_, body) => {
  const server = scriptedServer(answer(201))
  const sending = idempotentFetch(server.options)('/uploads', { method: 'POST', body: body() as never })
  await expect(server.time.until(sending)).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringMatching(/^body must be .*, not a stream$/),
  })
  expect(server.sent).toEqual([])
})

test('J7: a refused stream is not read.', async () => {
  const stream = new Blob(['abc']).stream()
  const server = scriptedServer(answer(201))
  const sending = idempotentFetch(server.options)('/uploads', { method: 'POST', body: stream as never })
  await expect(server.time.until(sending)).rejects.toThrow('not a stream')
  expect(await new Response(stream).text()).toBe('abc')
})

describe('The answer', () => {
  const broken = (): Response =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('{"id":')),
        pull: (controller) => controller.error(new TypeError('terminated')),
      }),
      { status: 201, headers: { 'idempotency-status': 'created' } },
    )

  test('J13: an answer that breaks off is no answer.', async () => {
    const server = scriptedServer(broken, answer(201, 'replayed'))
    const { status, attempts, response } = await server.time.until(
      idempotentFetch(server.options)('/payments', { method: 'POST', json: {} }),
    )
    expect([status, attempts, await response.json()]).toEqual(['replayed', 2, { status: 201 }])
  })

  test('J13: an answer whose body does not end is given up like no answer.', async () => {
    const endless = (): Response => new Response(new ReadableStream(), { status: 201 })
    const server = scriptedServer(endless, answer(201, 'replayed'))
    const { attempts } = await server.time.until(idempotentFetch(server.options)('/payments', { method: 'POST' }))
    expect([attempts, server.sent[1]?.at]).toEqual([2, 30_250])
  })

  test.each([204, 304])('An answer without a body (%i) is an answer.', async (code) => {
    const server = scriptedServer(new Response(null, { status: code }))
    const { response } = await server.time.until(idempotentFetch(server.options)('/payments', { method: 'PATCH' }))
    expect([response.status, await response.text()]).toEqual([code, ''])
  })

  test('Bytes of an answer reach the caller as they are.', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => at % 256)
    const server = scriptedServer(new Response(bytes))
    const { response } = await server.time.until(idempotentFetch(server.options)('/scan', { method: 'POST' }))
    expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true)
  })
})
