import { Hono } from 'hono'
import { requestId } from 'hono/request-id'
import { idempotency } from 'lambda-once/hono'
import { memoryStore } from 'lambda-once/memory'

const once = () => idempotency({ store: memoryStore(), operation: 'shop', tenant: 'single-tenant' })

const HEADERS = { 'idempotency-key': 'k', 'content-type': 'application/json' }

const send = async (app: Hono, body = '{"amount":5}', path = '/pay'): Promise<Response> =>
  app.request(path, { method: 'POST', headers: HEADERS, body })

describe('Hono', () => {
  test('a route may read the body from the raw request', async () => {
    const app = new Hono().use(once())
    app.post('/pay', async (c) => c.text(await c.req.raw.text()))
    app.mount('/mounted', async (request) => new Response(await request.text()))
    for (const path of ['/pay', '/mounted/any']) {
      for (const status of ['created', 'replayed']) {
        const answer = await send(app, '{"amount":5}', path)
        expect([answer.headers.get('idempotency-status'), await answer.text()]).toEqual([status, '{"amount":5}'])
      }
    }
  })

  test('a body that a middleware outside has read counts, and the route can read it', async () => {
    const app = new Hono()
    app.use(async (c, next) => {
      await c.req.json()
      await next()
    }, once())
    app.post('/pay', async (c) => c.json(await c.req.json()))
    expect(await (await send(app)).json()).toEqual({ amount: 5 })
    expect((await send(app)).headers.get('idempotency-status')).toBe('replayed')
    expect((await send(app, '{"amount":6}')).status).toBe(422)
  })

  test('a replay and a problem have the headers that middlewares outside set for this request', async () => {
    const app = new Hono().use(requestId(), once())
    app.post('/pay', (c) => c.json({}))
    const ids = new Set<string | null>()
    for (const body of ['1', '1', '2']) ids.add((await send(app, body)).headers.get('x-request-id'))
    expect(ids.size).toBe(3)
    expect(ids).not.toContain(null)
  })

  test('a route that returns nothing has failed: no answer is made up', async () => {
    const app = new Hono().use(once())
    app.post('/pay', (() => undefined) as never)
    app.onError((error, c) => c.text(error.message, 500))
    const answer = await send(app)
    expect([answer.status, await answer.text()]).toEqual([500, 'lambda-once/hono: the route returned no answer'])
    expect((await send(app)).headers.get('idempotency-status')).not.toBe('replayed')
  })
})
