import middy from '@middy/core'
import eventNormalizer from '@middy/http-event-normalizer'
import jsonBodyParser from '@middy/http-json-body-parser'
import urlencodeBodyParser from '@middy/http-urlencode-body-parser'
import { type HttpOptions, idempotency, idempotent } from '../../lib/http.ts'
import { contextWith, EVENT_MAKERS, payment, type TestEvent } from '../support/http-events.ts'
import { type Answered, answered, harness } from '../support/http-harness.ts'

/** The middlewares that stand in front of this one in most chains, and change the event before it is seen. */
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

describe.each(FORMS)('%s, behind a parser of bodies', (form) => {
  test.each([
    ['an object', '{"amount":1,"to":"alice"}', '{ "to": "alice", "amount": 1.0 }', '{"amount":2,"to":"alice"}'],
    ['a list', '[{"to":"alice","amount":1}]', '[ {"amount":1,"to":"alice"} ]', '[{"to":"mallory","amount":999}]'],
    ['an object with a length', '{"length":0,"amount":1}', '{"amount":1,"length":0}', '{"length":0,"amount":999}'],
    ['a number', '1', '1.0', '2'],
  ])('D4, E3: %s is told from another payload', async (_, body, same, other) => {
    const send = await chain(form, 'json')
    const first = await send(sent('application/json', body))
    expect(first).toMatchObject({ statusCode: 201, headers: { 'idempotency-status': 'created' } })
    const again = await send(sent('application/json', same))
    expect(again).toMatchObject({ statusCode: 201, body: first.body, headers: { 'idempotency-status': 'replayed' } })
    expect(await send(sent('application/json', other))).toMatchObject({ statusCode: 422 })
  })

  test('D4, E3: a body that a middleware has decoded, and left marked as Base64, counts wholly', async () => {
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

  test('D4: nor is such a body taken for one that is Base64 of it', async () => {
    const { options } = await harness()
    const echo = async (event: TestEvent) => ({ statusCode: 201, body: String(event.body) })
    const run = chained(form, options, echo)
    const send = async (body: string): Promise<Answered> =>
      answered(await run({ ...sent('text/plain', body), isBase64Encoded: true }, contextWith()))
    expect(await send('MTIz')).toMatchObject({ statusCode: 201 })
    expect(await send('123')).toMatchObject({ statusCode: 422 })
  })

  test('D5: a length that no memory has does no harm', async () => {
    const send = await chain(form, 'json')
    expect(await send(sent('application/json', '{"length":3000000000}'))).toMatchObject({ statusCode: 201 })
  })

  test('E3: the fields of a form are told from others', async () => {
    const send = await chain(form, 'urlencoded')
    const type = 'application/x-www-form-urlencoded'
    expect(await send(sent(type, 'amount=1&to=alice'))).toMatchObject({ statusCode: 201 })
    expect(await send(sent(type, 'to=alice&amount=1'))).toMatchObject({ headers: { 'idempotency-status': 'replayed' } })
    expect(await send(sent(type, 'amount=2&to=alice'))).toMatchObject({ statusCode: 422 })
  })

  test('E3, E8: an ALB’s query counts behind the event normalizer, which adds an empty one of several values', async () => {
    const send = await chain(form, 'normalizer')
    const asked = (query: string) => EVENT_MAKERS.alb({ headers: [['idempotency-key', 'k']], query, body: '' })
    expect(await send(asked('amount=1'))).toMatchObject({ statusCode: 201 })
    expect(await send(asked('amount=1'))).toMatchObject({ headers: { 'idempotency-status': 'replayed' } })
    expect(await send(asked('amount=999'))).toMatchObject({ statusCode: 422 })
  })
})

test.each(FORMS)(
  '%s: what a parser made that cannot be fingerprinted is a problem, and runs nothing.',
  async (form) => {
    const { options, calls } = await harness()
    const upload = { file: new Map([['content', 'bytes']]) }
    const event = { ...payment('k'), body: upload } as unknown as TestEvent
    const run = async () => ({ statusCode: 201, body: 'ran' })
    const handler = chained(form, options, run)
    const answer = answered(await handler(event, contextWith()))
    expect(JSON.parse(answer.body)).toMatchObject({ status: 500, code: 'payload-invalid' })
    expect(calls).toEqual([])
  },
)
