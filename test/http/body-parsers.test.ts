import middy from '@middy/core'
import eventNormalizer from '@middy/http-event-normalizer'
import jsonBodyParser from '@middy/http-json-body-parser'
import urlencodeBodyParser from '@middy/http-urlencode-body-parser'
import { readEvent } from '../../lib/http/event.ts'
import { type HttpOptions, idempotency, idempotent } from '../../lib/http/index.ts'
import { contextWith, EVENT_MAKERS, payment, type TestEvent } from '../support/http-events.ts'
import { type Answered, answered, errorsLogged, harness } from '../support/http-harness.ts'

/** The middlewares that most chains have before this one. They change the event. */
const PARSERS: Readonly<Record<'json' | 'urlencoded' | 'normalizer', () => object>> = {
  json: jsonBodyParser,
  urlencoded: urlencodeBodyParser,
  normalizer: eventNormalizer,
}

type Handler = (event: TestEvent, context?: object) => Promise<unknown>

const FORMS = ['hooks', 'wrapper'] as const
type Form = (typeof FORMS)[number]

/** Middy's types are about single events. */
const chained = (form: Form, options: HttpOptions<TestEvent>, handler: Handler, parser?: object): Handler => {
  const base = middy()
  if (parser !== undefined) base.use(parser as never)
  if (form === 'hooks') base.use(idempotency(options) as never)
  const inner = form === 'hooks' ? handler : idempotent(handler, options)
  return base.handler(inner as never) as unknown as Handler
}

const chain = async (form: Form, parser: keyof typeof PARSERS) => {
  const { options } = await harness()
  const echo = async (event: TestEvent) => ({ statusCode: 201, body: JSON.stringify(event.body ?? 'none') })
  const run = chained(form, options, echo, PARSERS[parser]())
  return async (event: TestEvent): Promise<Answered> => answered(await run(event, contextWith()))
}

const sent = (type: string, body: string): TestEvent => {
  const headers = [
    ['idempotency-key', 'k'],
    ['content-type', type],
  ] as const
  return payment('k', undefined, { body, headers })
}

describe.each(FORMS)('%s, after a body parser', (form) => {
  test.each([
    ['an object', '{"amount":1,"to":"alice"}', '{ "to": "alice", "amount": 1.0 }', '{"amount":2,"to":"alice"}'],
    ['a list', '[{"to":"alice","amount":1}]', '[ {"amount":1,"to":"alice"} ]', '[{"to":"mallory","amount":999}]'],
    ['an object with a length', '{"length":0,"amount":1}', '{"amount":1,"length":0}', '{"length":0,"amount":999}'],
    ['a number', '1', '1.0', '2'],
  ])('D4, E3: %s is distinguished from another payload', async (_, body, same, other) => {
    const send = await chain(form, 'json')
    const first = await send(sent('application/json', body))
    expect(first).toMatchObject({ statusCode: 201, headers: { 'idempotency-status': 'created' } })
    const again = await send(sent('application/json', same))
    expect(again).toMatchObject({ statusCode: 201, body: first.body, headers: { 'idempotency-status': 'replayed' } })
    expect(await send(sent('application/json', other))).toMatchObject({ statusCode: 422 })
  })

  test('D4, E3: a body that a middleware has decoded but left marked as Base64 counts as a whole', async () => {
    const { options } = await harness()
    const decoder = {
      before: ({ event }: { event: TestEvent }) => {
        event.body = Buffer.from(event.body ?? '', 'base64').toString()
      },
    }
    const echo = async (event: TestEvent) => ({ statusCode: 201, body: String(event.body) })
    const run = chained(form, options, echo, decoder)
    const send = async (text: string): Promise<Answered> => {
      const event = { ...sent('text/plain', Buffer.from(text).toString('base64')), isBase64Encoded: true }
      return answered(await run(event, contextWith()))
    }
    expect(await send('amount=10.00&to=alice')).toMatchObject({ statusCode: 201, body: 'amount=10.00&to=alice' })
    expect(await send('amount=99.00&to=bob')).toMatchObject({ statusCode: 422 })
    expect(await send('amount=10.00&to=alice')).toMatchObject({ headers: { 'idempotency-status': 'replayed' } })
  })

  test('D4: such a body is not taken for one that is its Base64', async () => {
    const { options } = await harness()
    const echo = async (event: TestEvent) => ({ statusCode: 201, body: String(event.body) })
    const run = chained(form, options, echo)
    const send = async (body: string): Promise<Answered> =>
      answered(await run({ ...sent('text/plain', body), isBase64Encoded: true }, contextWith()))
    expect(await send('MTIz')).toMatchObject({ statusCode: 201 })
    expect(await send('123')).toMatchObject({ statusCode: 422 })
  })

  test('D5: a length beyond the memory does no harm', async () => {
    const send = await chain(form, 'json')
    expect(await send(sent('application/json', '{"length":3000000000}'))).toMatchObject({ statusCode: 201 })
  })

  test('E3: the fields of a form are distinguished from others', async () => {
    const send = await chain(form, 'urlencoded')
    const type = 'application/x-www-form-urlencoded'
    expect(await send(sent(type, 'amount=1&to=alice'))).toMatchObject({ statusCode: 201 })
    expect(await send(sent(type, 'to=alice&amount=1'))).toMatchObject({ headers: { 'idempotency-status': 'replayed' } })
    expect(await send(sent(type, 'amount=2&to=alice'))).toMatchObject({ statusCode: 422 })
  })

  test('E3, E8: an ALB’s query counts after the event normalizer, which adds an empty multiValueQueryStringParameters', async () => {
    const send = await chain(form, 'normalizer')
    const asked = (query: string) => EVENT_MAKERS.alb({ headers: [['idempotency-key', 'k']], query, body: '' })
    expect(await send(asked('amount=1'))).toMatchObject({ statusCode: 201 })
    expect(await send(asked('amount=1'))).toMatchObject({ headers: { 'idempotency-status': 'replayed' } })
    expect(await send(asked('amount=999'))).toMatchObject({ statusCode: 422 })
  })
})

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe.each(FORMS)('%s, JSON that a parser cannot keep whole', (form) => {
  test.each([
    ['a number that became Infinity', '{"amount":1e400}', '$.amount is Infinity'],
    ['a number that became -Infinity', '[{"amount":-1e400}]', '$[0].amount is -Infinity'],
    ['what is nested deeper than 64 levels', nested(65), 'nested deeper than 64 levels'],
  ])('D4: %s is the client’s mistake: 400, nothing in the log, and nothing runs', async (_, body, rule) => {
    const { options, calls } = await harness()
    const run = chained(form, options, async () => ({ statusCode: 201, body: 'ran' }), jsonBodyParser())
    const logged = await errorsLogged(async () => {
      const answer = answered(await run(sent('application/json', body), contextWith()))
      expect(answer.statusCode).toBe(400)
      expect(JSON.parse(answer.body)).toMatchObject({
        status: 400,
        code: 'payload-invalid',
        detail: expect.stringContaining(`The body cannot be fingerprinted: ${rule.startsWith('$') ? rule : '$'}`),
      })
    })
    expect([logged, calls]).toEqual([[], []])
  })

  test('D4: before a parser it counts as it is written', async () => {
    const { options } = await harness()
    const run = chained(form, options, async () => ({ statusCode: 201, body: 'ran' }))
    for (const body of ['{"amount":1e400}', nested(65)]) {
      const key = { headers: [['idempotency-key', body.slice(0, 9).replaceAll('"', '')]] as const, body }
      expect(answered(await run(payment('k', undefined, key), contextWith())).statusCode).toBe(201)
    }
  })

  test.each([
    ['NaN', { amount: Number.NaN }],
    ['a Date', { at: new Date(0) }],
    ['a bigint', { amount: 1n }],
  ])('D4: %s comes from no JSON: 500, and a line in the log', async (_, made) => {
    const { options, calls } = await harness()
    const run = chained(form, options, async () => ({ statusCode: 201, body: 'ran' }))
    const logged = await errorsLogged(async () => {
      const answer = answered(await run({ ...payment('k'), body: made } as unknown as TestEvent, contextWith()))
      expect(JSON.parse(answer.body)).toMatchObject({ status: 500, code: 'payload-invalid' })
    })
    expect(logged).toEqual([expect.stringContaining('lambda-once: payload-invalid: The body cannot be fingerprinted')])
    expect(calls).toEqual([])
  })

  test('D4: it is not the client’s mistake if the option payload made it', async () => {
    const { options } = await harness({ payload: (event) => JSON.parse(String(event.body)) })
    const run = chained(form, options, async () => ({ statusCode: 201, body: 'ran' }))
    const logged = await errorsLogged(async () => {
      const answer = answered(await run(sent('application/json', '{"amount":1e400}'), contextWith()))
      expect(answer.statusCode).toBe(500)
    })
    expect(logged).toEqual([expect.stringContaining('The payload cannot be fingerprinted: $.amount is Infinity')])
  })
})

/** The fronts whose events have both maps, or the one that middlewares seldom read. */
describe.each(['rest-api', 'alb-multi-value'] as const)('on %s, headers that an earlier middleware has set', (kind) => {
  const keyless = () => EVENT_MAKERS[kind]({ headers: [['Host', 'api.example']], body: '{"a":1}' })
  const setting = (headers: Record<string, unknown>) => ({
    before: ({ event }: { event: TestEvent }) => {
      event.headers = { ...event.headers, ...headers } as Record<string, string>
    },
  })

  test.each(FORMS)('E8, %s: a key in `headers` alone is found', async (form) => {
    const { options } = await harness({ tenant: 'single-tenant' })
    let runs = 0
    const run = chained(
      form,
      options,
      async () => ({ statusCode: 201, body: `${++runs}` }),
      setting({ 'idempotency-key': 'k' }),
    )
    const statuses = []
    for (let at = 0; at < 2; at++)
      statuses.push(answered(await run(keyless(), contextWith())).headers['idempotency-status'])
    expect(statuses).toEqual(['created', 'replayed'])
  })

  test('E8: a key with which a middleware replaced the client’s counts; numbers are texts', () => {
    const event = EVENT_MAKERS[kind]({ headers: [['Idempotency-Key', 'of-the-client']], body: '' })
    setting({ 'Idempotency-Key': 42 }).before({ event })
    expect(readEvent(event).headerLines('idempotency-key')).toEqual(['42'])
  })

  test('E7: all of the client’s lines are seen', () => {
    const headers = [
      ['Idempotency-Key', 'a'],
      ['Idempotency-Key', 'b'],
    ] as const
    const event = EVENT_MAKERS[kind]({ headers, body: '' })
    setting({ 'x-own': '1' }).before({ event })
    expect(readEvent(event).headerLines('idempotency-key')).toEqual(['a', 'b'])
    expect(readEvent(event).headerLines('x-own')).toEqual(['1'])
  })
})

test.each(FORMS)('%s: a parsed body that cannot be fingerprinted is a problem, and runs nothing', async (form) => {
  const { options, calls } = await harness()
  const upload = { file: new Map([['content', 'bytes']]) }
  const event = { ...payment('k'), body: upload } as unknown as TestEvent
  const run = async () => ({ statusCode: 201, body: 'ran' })
  const handler = chained(form, options, run)
  const answer = answered(await handler(event, contextWith()))
  expect(JSON.parse(answer.body)).toMatchObject({ status: 500, code: 'payload-invalid' })
  expect(calls).toEqual([])
})
