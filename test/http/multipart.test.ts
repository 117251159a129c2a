import fc from 'fast-check'
import { idempotent } from '../../lib/http/index.ts'
import { multipartContent } from '../../lib/http/multipart.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, EVENT_KINDS, EVENT_MAKERS, type TestEvent, type TestEventKind } from '../support/http-events.ts'
import { answered } from '../support/http-harness.ts'

const FILE = Buffer.from([0, 255, 13, 10, 45, 45, 200, 13, 10])

const field = (name: string, value: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`Content-Disposition: form-data; name="${name}"\r\n\r\n`), Buffer.from(value)])

const form = (boundary: string, parts: readonly Buffer[], { preamble = '', epilogue = '\r\n' } = {}): Buffer =>
  Buffer.concat([
    Buffer.from(preamble),
    ...parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n`), part, Buffer.from('\r\n')]),
    Buffer.from(`--${boundary}--${epilogue}`),
  ])

const typed = (boundary: string): string => `multipart/form-data; boundary=${boundary}`

interface Sent {
  readonly contentType: string
  readonly body: Buffer | string
}

const sender = (kind: TestEventKind) => {
  const options = { store: memoryStore(), operation: 'uploads', tenant: 'single-tenant' } as const
  const handler = idempotent((_event: TestEvent) => ({ statusCode: 201, body: 'done' }), options)
  return async ({ contentType, body }: Sent): Promise<string> => {
    const event = EVENT_MAKERS[kind]({
      headers: [
        ['Idempotency-Key', 'k'],
        ['Content-Type', contentType],
      ],
      body: typeof body === 'string' ? body : body.toString('base64'),
      isBase64Encoded: typeof body !== 'string',
    })
    const { statusCode, headers } = answered(await handler(event as never, contextWith()))
    return headers['idempotency-status'] ?? String(statusCode)
  }
}

const PARTS = [field('amount', '10'), field('file', FILE)]

/** The second request of one key, after `PARTS` with the boundary A. */
const second = async (kind: TestEventKind, sent: Sent): Promise<string> => {
  const send = sender(kind)
  expect(await send({ contentType: typed('A'), body: form('A', PARTS) })).toBe('created')
  return send(sent)
}

describe.each(EVENT_KINDS)('on %s', (kind) => {
  test.each<[string, Sent]>([
    ['the same form', { contentType: typed('A'), body: form('A', PARTS) }],
    ['the same form with another boundary', { contentType: typed('----B-1'), body: form('----B-1', PARTS) }],
    [
      'a quoted boundary',
      { contentType: 'Multipart/Form-Data; charset=x; Boundary="b 1"; x=y', body: form('b 1', PARTS) },
    ],
  ])('D4: %s is replayed', async (_, sent) => {
    expect(await second(kind, sent)).toBe('replayed')
  })

  test.each<[string, Sent]>([
    ['another value', { contentType: typed('B'), body: form('B', [field('amount', '11'), field('file', FILE)]) }],
    [
      'another byte of a file',
      {
        contentType: typed('B'),
        body: form('B', [field('amount', '10'), field('file', Buffer.from(FILE.map((byte) => byte ^ 1)))]),
      },
    ],
    ['another name', { contentType: typed('B'), body: form('B', [field('total', '10'), field('file', FILE)]) }],
    ['other order', { contentType: typed('B'), body: form('B', [...PARTS].reverse()) }],
    ['a part twice', { contentType: typed('B'), body: form('B', [...PARTS, ...PARTS.slice(1)]) }],
    ['a part less', { contentType: typed('B'), body: form('B', PARTS.slice(0, 1)) }],
    ['parts that are one', { contentType: typed('B'), body: form('B', [Buffer.concat(PARTS)]) }],
    ['words before it', { contentType: typed('B'), body: form('B', PARTS, { preamble: 'hello\r\n' }) }],
    ['words after it', { contentType: typed('B'), body: form('B', PARTS, { epilogue: '\r\nbye' }) }],
    ['another boundary than the header names', { contentType: typed('C'), body: form('B', PARTS) }],
    ['no boundary in the header', { contentType: 'multipart/form-data', body: form('B', PARTS) }],
  ])('E3: %s is another payload', async (_, sent) => {
    expect(await second(kind, sent)).toBe('422')
  })

  test('D4: a form sent as text equals the same form sent as Base64', async () => {
    const text = (boundary: string) => form(boundary, [field('name', 'Zoë'), field('empty', '')])
    const send = sender(kind)
    expect(await send({ contentType: typed('A'), body: text('A').toString() })).toBe('created')
    expect(await send({ contentType: typed('B'), body: text('B') })).toBe('replayed')
  })
})

describe('D4: a body that is not a whole multipart body counts byte for byte', () => {
  const content = (body: string, boundary = 'b') => multipartContent([typed(boundary)], body)

  test.each([
    ['', 'nothing'],
    ['--b\r\n\r\nx\r\n--b', 'no end'],
    ['--b--\r\n', 'no part'],
    ['--b \r\n\r\nx\r\n--b--', 'a delimiter with something behind it'],
    ['x--b\r\n\r\nx\r\n--b--', 'a preamble that does not end its line'],
    ['--b\r\n\r\nx --b\r\ny\r\n--b--', 'the boundary within a line'],
    ['--b\n\nx\n--b--\n', 'lines that end otherwise'],
    ['--b\r\n--b\r\n\r\nx\r\n--b--', 'a part without a line'],
    ['--b\r\n\r\nx\r\n--b--y', 'an end with something behind it'],
    ['--b\r\n\r\nx\r\n--b--\r\n--b--', 'two ends'],
    ['\ud800--b\r\n\r\nx\r\n--b--', 'text that UTF-8 cannot hold'],
  ])('%j: %s', (body) => {
    expect(content(body)).toBeUndefined()
  })

  test.each(['--b\r\n\r\nx\r\n--b--', '--b\r\n\r\n\r\n--b--\r\n', '--b\r\n\r\n--b\r\n\r\nx\r\n--b--', '--b\r\n…--b--'])(
    '%j is a whole one',
    (body) => {
      expect(content(body)).toBeDefined()
    },
  )

  test.each([
    [[]],
    [['multipart/form-data; boundary=b', 'multipart/form-data; boundary=b']],
    [['application/json; boundary=b']],
    [['multipart/form-data; boundary=""']],
    [[`multipart/form-data; boundary=${'b'.repeat(71)}`]],
    [['text/multipart/x; boundary=b']],
  ])('a body whose type does not name one boundary is not: %j', (contentTypes) => {
    expect(multipartContent(contentTypes, '--b\r\n\r\nx\r\n--b--')).toBeUndefined()
  })
})

test('D2, D4: two forms have the same content exactly if their parts are the same, whatever their boundaries are', () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('', '\r\n', '--', '-', '\r\n\r\n', '1,2', 'a\r\n-').map((text) => Buffer.from(text)),
  )
  const parts = fc.array(part, { minLength: 1, maxLength: 4 })
  const boundary = fc.stringMatching(/^[xyz]{3,8}$/)
  const seen = (given: readonly Buffer[], by: string) => {
    const content = multipartContent([typed(by)], form(by, given))
    return content === undefined ? undefined : `${content.lengths} ${Buffer.from(content.bytes).toString('hex')}`
  }
  const sameParts = (a: readonly Buffer[], b: readonly Buffer[]): boolean =>
    a.length === b.length && a.every((bytes, at) => bytes.equals(b[at] as Buffer))
  fc.assert(
    fc.property(parts, parts, boundary, boundary, (a, b, one, other) => {
      fc.pre(![...a, ...b].some((bytes) => /--[xyz]{3}/.test(bytes.toString('latin1'))))
      expect(seen(a, one)).toBeDefined()
      expect(seen(a, one)).toBe(seen(a, other))
      expect(seen(a, one) === seen(b, other)).toBe(sameParts(a, b))
    }),
    { numRuns: 3_000 },
  )
})

test('D5: hostile types and bodies take milliseconds', () => {
  const types = [
    `multipart/${'; '.repeat(50_000)}boundary`,
    `multipart/form-data;${' '.repeat(100_000)}`,
    `multipart/form-data; ${'boundary= ;'.repeat(10_000)}`,
  ]
  const bodies = ['--b\r\n\r\n'.repeat(125_000), `--b\r\n${'\r\n--'.repeat(250_000)}`, '--b'.repeat(330_000)]
  const began = performance.now()
  for (const type of types) expect(multipartContent([type], 'x')).toBeUndefined()
  for (const body of bodies) multipartContent([typed('b')], body)
  expect(performance.now() - began).toBeLessThan(1_000)
})
