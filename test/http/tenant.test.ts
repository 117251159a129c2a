import middy from '@middy/core'
import { type HttpOptions, idempotency, idempotent } from '../../lib/http/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { contextWith, EVENT_KINDS, EVENT_MAKERS, payment, type TestEvent } from '../support/http-events.ts'
import { type Answered, answered, errorsLogged, harness } from '../support/http-harness.ts'
import { aContext, anEvent, aRecord, type Order, orderOptions, returned } from '../support/sqs.ts'
import { wireOf } from '../support/wire.ts'

type Tenant = HttpOptions<TestEvent>['tenant']
type Handler = (event: TestEvent, context: object) => Promise<unknown>

const FORMS = ['hooks', 'wrapper'] as const

const subject = async (form: (typeof FORMS)[number], tenant: Tenant) => {
  const h = await harness({ tenant })
  let runs = 0
  const business = async () => ({ statusCode: 201, body: `${++runs}` })
  const chain = middy()
  chain.use(idempotency(h.options) as never)
  const handler = (form === 'hooks'
    ? chain.handler(business as never)
    : idempotent(business, h.options)) as unknown as Handler
  const raw = (event: TestEvent) => handler(event, contextWith())
  return { h, raw, send: async (event: TestEvent): Promise<Answered> => answered(await raw(event)), runs: () => runs }
}

/** As `http-errors` makes them. */
const httpError = (statusCode: number, message: string, more: object = {}) =>
  Object.assign(new Error(message), { statusCode, status: statusCode, expose: statusCode < 500, ...more })

const later = async <T>(value: T): Promise<T> => {
  await new Promise(setImmediate)
  return value
}

describe.each(FORMS)('%s', (form) => {
  test('D3, G4: a tenant that is looked up is awaited, and separates records', async () => {
    const { send, runs } = await subject(form, (event) => later(event.requestContext.authorizer?.lambda?.merchantId))
    const of = (merchantId: string) => payment('k', {}, { merchantId })
    const statuses = []
    for (const merchant of ['a', 'b', 'a']) statuses.push((await send(of(merchant))).headers['idempotency-status'])
    expect(statuses).toEqual(['created', 'created', 'replayed'])
    expect(runs()).toBe(2)
  })

  test('a thenable that has only `then` is awaited', async () => {
    const thenable = Object.fromEntries([['then', (done: (tenant: string) => void) => done('m-1')]])
    const { send } = await subject(form, () => thenable as never)
    expect((await send(payment('k'))).statusCode).toBe(201)
  })

  test.each([undefined, '', null, 7])(
    'D1: a tenant that resolves to %p is an error, without a store call',
    async (tenant) => {
      const { h, send, runs } = await subject(form, async () => tenant as never)
      await errorsLogged(async () => {
        expect(JSON.parse((await send(payment('k'))).body)).toMatchObject({ status: 500, code: 'scope-missing' })
      })
      expect([h.calls, runs()]).toEqual([[], 0])
    },
  )

  test.each<[string, (thrown: unknown) => Tenant]>([
    [
      'throws',
      (thrown) => () => {
        throw thrown
      },
    ],
    [
      'rejects with',
      (thrown) => async () => {
        throw thrown
      },
    ],
    ['answers', (thrown) => () => thrown as Error],
    ['comes to', (thrown) => async () => thrown as Error],
  ])(
    'an error that is not meant for the client, and that tenant %s, is thrown as it is, without a store call',
    async (_, tenant) => {
      for (const thrown of [
        new Error('no JWKS'),
        httpError(503, 'down'),
        httpError(401, 'secret', { expose: false }),
      ]) {
        const { h, raw, runs } = await subject(form, tenant(thrown))
        await expect(raw(payment('k'))).rejects.toBe(thrown)
        expect([h.calls, runs()]).toEqual([[], 0])
      }
    },
  )
})

describe('an error that is meant for the client', () => {
  test.each(EVENT_KINDS)('on %s is the client’s answer in the wrapper form, without a store call', async (kind) => {
    const headers = { 'WWW-Authenticate': 'Bearer', 'content-type': 'text/plain' }
    const { h, raw, runs } = await subject('wrapper', async () => {
      throw httpError(401, 'No token', { headers })
    })
    const event = EVENT_MAKERS[kind]({ headers: [['idempotency-key', 'k']], body: '{}' })
    const answer = wireOf(kind, await raw(event))
    expect(answer).toMatchObject({
      statusCode: 401,
      headers: {
        'www-authenticate': ['Bearer'],
        'content-type': ['application/problem+json'],
        'cache-control': ['no-store'],
      },
    })
    expect(JSON.parse(answer.body)).toEqual({ status: 401, detail: 'No token' })
    expect([h.calls, runs()]).toEqual([[], 0])
  })

  test('is the client’s answer too if it is returned, or comes from another option', async () => {
    const { send } = await subject('wrapper', async () => httpError(403, 'Not yours'))
    expect(await send(payment('k'))).toMatchObject({ statusCode: 403, body: '{"status":403,"detail":"Not yours"}' })
    const payload = () => {
      throw httpError(415, 'JSON only')
    }
    const h = await harness({ payload })
    const handler = idempotent(async () => ({ statusCode: 201, body: '' }), h.options)
    expect(await handler(payment('k'), contextWith())).toMatchObject({ statusCode: 415 })
    expect(h.calls).toEqual([])
  })

  test('goes to the onError hooks of the chain in the middleware form', async () => {
    const thrown = httpError(401, 'No token')
    const { h, raw } = await subject('hooks', () => thrown)
    await expect(raw(payment('k'))).rejects.toBe(thrown)
    const chain = middy()
    chain.onError((request) => {
      const { statusCode, message } = request.error as unknown as { statusCode: number; message: string }
      request.response = { statusCode, body: message }
    })
    chain.use(idempotency({ ...h.options, tenant: () => thrown }) as never)
    const handler = chain.handler((async () => ({ statusCode: 201, body: '' })) as never) as unknown as Handler
    expect(await handler(payment('k'), contextWith())).toEqual({ statusCode: 401, body: 'No token' })
    expect(h.calls).toEqual([])
  })
})

test('a queue’s tenant may be looked up too; a message whose lookup fails is the only one that fails', async () => {
  const { tableName } = await harness()
  const errors: unknown[] = []
  const handler = sqsHandler<Order>(() => {}, {
    ...orderOptions(tableName),
    tenant: async ({ body }) => {
      await later(undefined)
      if (body.orderId === 'b') throw httpError(403, 'Not yours')
      return 'acme'
    },
    onError: (error) => void errors.push(error),
  })
  expect(returned(await handler(anEvent(aRecord('a'), aRecord('b'), aRecord('c')), aContext()))).toEqual(['b'])
  expect(errors).toEqual([expect.objectContaining({ name: 'UnusableMessageError', part: 'tenant' })])
})
