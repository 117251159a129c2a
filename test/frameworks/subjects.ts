import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { NotDoneError, type Store, TerminalError } from 'lambda-once'
import { claimOf, type ExpressOptions, idempotency as forExpress } from 'lambda-once/express'
import { idempotency as forHono, type HonoOptions } from 'lambda-once/hono'

/** An application with these routes behind the middleware. */
export interface App {
  readonly send: (path: string, init?: RequestInit) => Promise<Response>
  /** The runs of all routes, by path, with the downstream key of each. */
  readonly runs: { readonly path: string; readonly key: string | undefined; readonly body: unknown }[]
  readonly close: () => Promise<void>
}

export interface Choices {
  readonly store: Store
  readonly more?: object
}

export const BYTES: Uint8Array<ArrayBuffer> = new Uint8Array([0, 255, 254, 1])
export const COOKIES = ['a=1', 'b=2; Path=/'] as const

const common = { operation: 'shop', tenant: 'single-tenant' } as const

const failing = (kind: string): Error => {
  if (kind === 'not-done') return new NotDoneError('sold out')
  return kind === 'terminal' ? new TerminalError('never') : new Error('boom')
}

export const honoApp = async ({ store, more = {} }: Choices): Promise<App> => {
  const runs: App['runs'] = []
  const app = new Hono()
  app.use(cors({ origin: (origin) => origin }))
  app.use(forHono({ ...common, store, ...more } as HonoOptions))
  app.use(async (c, next) => {
    const text = await c.req.text()
    const body = text === '' || !c.req.header('content-type')?.includes('json') ? text : JSON.parse(text)
    runs.push({ path: c.req.path, key: claimOf(c)?.downstreamKey('charge'), body })
    await next()
  })
  app.post('/payments', async (c) => {
    const { amount } = await c.req.json<{ readonly amount: number }>()
    if (amount <= 0) return c.json({ error: 'amount' }, 400)
    for (const cookie of COOKIES) c.header('Set-Cookie', cookie, { append: true })
    return c.json({ run: runs.length }, 201, { Location: '/payments/1' })
  })
  app.post('/bytes', (c) => c.body(BYTES, 200, { 'Content-Type': 'application/octet-stream' }))
  app.post('/empty', (c) => c.body(null, 204))
  app.post('/fail/:kind', (c) => {
    throw failing(c.req.param('kind'))
  })
  app.get('/payments', (c) => c.text('list'))
  app.onError((error, c) => c.json({ error: error.message }, 500))
  return { runs, send: async (path, init) => app.request(`http://shop.example${path}`, init), close: async () => {} }
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })

export const expressApp = async ({ store, more = {} }: Choices): Promise<App> => {
  const runs: App['runs'] = []
  const app = express()
  app.use(express.json(), express.raw({ type: 'application/octet-stream' }))
  app.use(forExpress({ ...common, store, ...more } as ExpressOptions))
  app.use((request, _response, next) => {
    runs.push({ path: request.path, key: claimOf(request)?.downstreamKey('charge'), body: request.body })
    next()
  })
  app.post('/payments', (request, response) => {
    const { amount } = request.body as { readonly amount: number }
    if (amount <= 0) {
      response.status(400).json({ error: 'amount' })
      return
    }
    for (const cookie of COOKIES) response.append('Set-Cookie', cookie)
    response.status(201).location('/payments/1').json({ run: runs.length })
  })
  app.post('/bytes', (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' })
    response.write(BYTES.subarray(0, 2))
    response.end(BYTES.subarray(2))
  })
  app.post('/empty', (_request, response) => {
    response.status(204).end()
  })
  app.post('/fail/:kind', ({ params }) => {
    throw failing(params.kind as string)
  })
  app.get('/payments', (_request, response) => {
    response.send('list')
  })
  app.use((error: Error, _request: unknown, response: express.Response, _next: unknown) => {
    response.status(500).json({ error: error.message })
  })
  const server = createServer(app)
  const port = await listen(server)
  return {
    runs,
    send: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
