import { Readable } from 'node:stream'
import { idempotent } from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { answered } from '../support/http-harness.ts'

/** First and second answer of one payment, as an outer middleware gets them. */
const twice = async (answer: () => unknown): Promise<readonly [Record<string, unknown>, Record<string, unknown>]> => {
  const handler = idempotent((_event: TestEvent) => answer(), {
    store: memoryStore(),
    operation: 'payments',
    tenant: 'single-tenant',
  })
  const send = async () => (await handler(payment('k-1'), contextWith())) as Record<string, unknown>
  return [await send(), await send()]
}

describe('a body that an outer serializer turns into text', () => {
  test.each<[string, unknown, unknown]>([
    ['an object with a Date', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
    ['an object with NaN and undefined', { fee: Number.NaN, left: undefined }, { fee: null }],
    ['a Map', new Map([['amount', 1]]), {}],
    ['a list', [1, new Date(0)], [1, '1970-01-01T00:00:00.000Z']],
  ])('C2: %s is the same the first time as in a replay', async (_, body, kept) => {
    const [first, second] = await twice(() => ({ statusCode: 201, body }))
    expect(first.body).toEqual(kept)
    expect(second.body).toEqual(kept)
    expect(second.headers).toMatchObject({ 'Idempotency-Status': 'replayed' })
  })

  test('C2: bytes are answered as they are, and are not replayed as something else', async () => {
    const body = Buffer.from('%PDF-1.7')
    const [first, second] = await twice(() => ({ statusCode: 200, body, isBase64Encoded: true }))
    expect(first.body).toBe(body)
    expect([second.statusCode, JSON.parse(second.body as string).code]).toEqual([409, 'replay-unavailable'])
  })
})

class Reply {
  statusCode = 200
  headers = { 'content-type': 'text/plain' }
  body: unknown
  constructor(body: unknown) {
    this.body = body
  }
}

test.each<[string, () => unknown]>([
  ['a Node stream', () => Readable.from(['hello'])],
  ['a web stream', () => new Blob(['hello']).stream()],
])('C13: %s in an instance of a class is answered, and not stored', async (_, stream) => {
  const body = stream()
  const [first, second] = await twice(() => new Reply(body))
  expect(first.body).toBe(body)
  expect([second.statusCode, JSON.parse(second.body as string).code]).toEqual([409, 'replay-unavailable'])
})

test('status headers that the handler passes on, in any case, are replaced by those of the layer', async () => {
  const passedOn = { 'idempotency-status': 'replayed', 'IDEMPOTENT-REPLAYED': 'true', etag: 'e' }
  const [first, second] = await twice(() => ({
    statusCode: 201,
    headers: passedOn,
    multiValueHeaders: { 'idempotency-status': ['replayed'], vary: ['a', 'b'] },
    body: '',
  }))
  expect(first.headers).toEqual({
    'IDEMPOTENT-REPLAYED': 'true',
    etag: 'e',
    vary: 'a, b',
    'Idempotency-Status': 'created',
  })
  expect(answered(second).headers).toEqual({
    etag: 'e',
    vary: 'a, b',
    'idempotency-status': 'replayed',
    'idempotent-replayed': 'true',
  })
})

test('a failure whose headers cannot be stored is still a failure', async () => {
  let runs = 0
  const headers: Record<string, unknown> = {}
  headers.self = headers
  const [first, second] = await twice(() => ({ statusCode: 503, headers, body: String(++runs) }))
  expect([first.statusCode, first.body]).toEqual([503, '1'])
  expect([second.statusCode, second.body]).toEqual([503, '2'])
})
