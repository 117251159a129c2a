import { idempotent } from '../../lib/http/index.ts'
import { mayBeJson } from '../../lib/http/media-type.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, EVENT_KINDS, EVENT_MAKERS, type TestEvent } from '../support/http-events.ts'
import { answered } from '../support/http-harness.ts'

type Kind = (typeof EVENT_KINDS)[number]

interface Body {
  readonly text: string
  readonly inBase64?: boolean
}

/** How the second of two requests with one key is answered. */
const second = async (kind: Kind, contentType: string | undefined, first: Body, then: Body): Promise<string> => {
  const handler = idempotent((_event: TestEvent) => ({ statusCode: 201, body: 'done' }), {
    store: memoryStore(),
    operation: 'settings',
    tenant: 'single-tenant',
  })
  const send = async ({ text, inBase64 = false }: Body): Promise<string> => {
    const event = EVENT_MAKERS[kind]({
      headers: [
        ['Idempotency-Key', 'k-1'],
        ...(contentType === undefined ? [] : [['Content-Type', contentType] as const]),
      ],
      body: inBase64 ? Buffer.from(text).toString('base64') : text,
      isBase64Encoded: inBase64,
    })
    const answer = answered(await handler(event, contextWith()))
    return answer.headers['idempotency-status'] ?? String(answer.statusCode)
  }
  expect(await send(first)).toBe('created')
  return send(then)
}

describe.each(EVENT_KINDS)('on %s', (kind) => {
  test.each([
    ['text/plain', '1.10', '1.1'],
    ['text/csv', '10\n', '10.0'],
    ['text/plain; charset=utf-8', '"a"', ' "a"'],
    ['application/x-www-form-urlencoded', '1e2', '100'],
    ['application/octet-stream', '{"a":1,"b":2}', '{"b":2,"a":1}'],
  ])('%s: bodies that are equal only as JSON differ: %s, %s', async (contentType, one, other) => {
    expect(await second(kind, contentType, { text: one }, { text: other })).toBe('422')
    expect(await second(kind, contentType, { text: one }, { text: other, inBase64: true })).toBe('422')
    expect(await second(kind, contentType, { text: one }, { text: one })).toBe('replayed')
    expect(await second(kind, contentType, { text: one }, { text: one, inBase64: true })).toBe('replayed')
  })

  test.each([undefined, '', 'application/json', 'application/json; charset=utf-8', 'Application/Merge-Patch+JSON'])(
    '%p: a JSON body is compared by its value, not by its text',
    async (contentType) => {
      const one = { text: '{"a":1.0,"b":2}' }
      expect(await second(kind, contentType, one, { text: '{ "b": 2, "a": 1 }' })).toBe('replayed')
      expect(await second(kind, contentType, one, { text: '{"a":1.5,"b":2}' })).toBe('422')
    },
  )
})

test.each([
  [[], true],
  [['application/json'], true],
  [['application/vnd.api+json'], true],
  [['text/json;charset=utf-8'], true],
  [['application/json, application/json'], true],
  [['text/plain', 'application/json'], true],
  [['application/jsonp'], false],
  [['application/json-seq'], false],
  [['application/x-json-but-not'], false],
  [['json'], false],
  [['text/plain'], false],
])('mayBeJson(%j) is %p', (lines, is) => {
  expect(mayBeJson(lines)).toBe(is)
})
