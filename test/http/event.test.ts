import { isHttpEvent, readEvent } from '../../lib/http/event.ts'
import { EVENT_KINDS, EVENT_MAKERS, type Sent, type TestEventKind } from '../support/http-events.ts'

const read = (kind: TestEventKind, sent: Sent): ReturnType<typeof readEvent> => readEvent(EVENT_MAKERS[kind](sent))

test.each([
  [
    'REST API',
    { ...EVENT_MAKERS['rest-api']({}), type: 'REQUEST', methodArn: 'arn:aws:execute-api:eu-west-1:1:a/s/POST/p' },
  ],
  [
    'HTTP API',
    { ...EVENT_MAKERS['http-api']({}), type: 'REQUEST', routeArn: 'arn:aws:execute-api:eu-west-1:1:a/s/POST/p' },
  ],
])('the authorizer of a %s is not asked as a handler: its decision would be replayed', (_, event) => {
  expect(isHttpEvent(event)).toBe(false)
  expect(() => readEvent(event)).toThrow(expect.objectContaining({ code: 'event-unsupported' }))
})

describe.each(EVENT_KINDS)('E8: %s', (kind) => {
  test('E8: the kind is recognised from the event', () => {
    expect(read(kind, {}).kind).toBe(kind === 'lattice-v1' ? 'lattice' : kind)
  })

  test('E8: header names count in any case', () => {
    for (const name of ['Idempotency-Key', 'idempotency-key', 'IDEMPOTENCY-KEY']) {
      expect(
        read(kind, {
          headers: [
            ['Accept', '*/*'],
            [name, 'abc'],
          ],
        }).headerLines('idempotency-key'),
      ).toEqual(['abc'])
    }
    expect(read(kind, {}).headerLines('idempotency-key')).toEqual([])
  })

  test('E7: two header lines are seen as more than one, or as one with a comma', () => {
    const lines = read(kind, {
      headers: [
        ['Idempotency-Key', 'a'],
        ['Idempotency-Key', 'b'],
      ],
    }).headerLines('idempotency-key')
    const expected: Record<TestEventKind, readonly string[]> = {
      'http-api': ['a, b'],
      'function-url': ['a, b'],
      'rest-api': ['a', 'b'],
      alb: ['b'], // an ALB without multi-value headers keeps the last line only: the other is lost
      'alb-multi-value': ['a', 'b'],
      lattice: ['a', 'b'],
      'lattice-v1': ['a, b'],
    }
    expect(lines).toEqual(expected[kind])
  })

  test('D3: POST /payments and POST /refunds never meet, whatever the route', () => {
    for (const template of [undefined, '/{proxy+}', '/v1/{rest+}']) {
      const payments = read(kind, { path: '/v1/payments', template })
      const refunds = read(kind, { path: '/v1/refunds', template })
      expect(payments.route).toBe('/v1/payments')
      expect(refunds.route).toBe('/v1/refunds')
    }
  })

  test('the body is the text, the bytes, or nothing', () => {
    const raw = (body: unknown) => ({ kind: 'raw', body })
    expect(read(kind, { body: '{"a":1}' }).body).toEqual(raw('{"a":1}'))
    expect(read(kind, { body: 'AAH/', isBase64Encoded: true }).body).toEqual(raw(Buffer.from([0, 1, 255])))
    expect(read(kind, {}).body).toEqual(raw(kind.startsWith('alb') ? '' : undefined))
    const behind = (body: unknown) => readEvent({ ...EVENT_MAKERS[kind]({}), body }).body
    expect(behind({ a: 1 })).toEqual({ kind: 'parsed', value: { a: 1 } })
    expect(behind(Buffer.from('a'))).toEqual(raw(Buffer.from('a')))
  })

  test('the query is a list in a fixed order', () => {
    const query = read(kind, { query: 'b=2&a=1' }).query
    expect(query).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
    expect(read(kind, { query: 'a=1&b=2' }).query).toEqual(query)
    expect(read(kind, {}).query).toEqual([])
  })
})

test('D3: a specific template is the route; on function URLs and ALBs the path is', () => {
  const sent: Sent = {
    path: '/payments/p_1/refunds',
    template: '/payments/{id}/refunds',
    pathParameters: { id: 'p_1' },
  }
  expect(read('http-api', sent)).toMatchObject({ route: '/payments/{id}/refunds', pathParameters: { id: 'p_1' } })
  expect(read('rest-api', sent)).toMatchObject({ route: '/payments/{id}/refunds', pathParameters: { id: 'p_1' } })
  expect(read('function-url', sent).route).toBe('/payments/p_1/refunds')
  expect(read('alb', sent).route).toBe('/payments/p_1/refunds')
})

test('repeated query parameters keep their order, and differ from one value with a comma', () => {
  expect(read('http-api', { query: 'a=2&a=1' }).query).toEqual([
    ['a', '2'],
    ['a', '1'],
  ])
  expect(read('http-api', { query: 'a=2,1' }).query).toEqual([['a', '2,1']])
  expect(read('rest-api', { query: 'a=2&a=1' }).query).toEqual([
    ['a', '2'],
    ['a', '1'],
  ])
})

test.each([[undefined], [null], ['text'], [{}], [{ Records: [] }], [{ requestContext: { http: {} } }]])(
  'an event that is none of the five kinds is an error: %j',
  (event) => {
    expect(() => readEvent(event)).toThrow(expect.objectContaining({ code: 'event-unsupported' }))
  },
)
