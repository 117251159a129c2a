import { createServer, request as httpRequest, type Server, type ServerResponse } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import express, { type Express } from 'express'
import { idempotency } from 'lambda-once/express'
import { memoryStore } from 'lambda-once/memory'

const servers: Server[] = []

const listen = async (app: Express): Promise<number> => {
  const server = createServer(app)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const once = () => idempotency({ store: memoryStore(), operation: 'shop', tenant: 'single-tenant' })

/** Express prints the errors that no handler of the application takes. */
const silenced = (app: Express): Express => app.set('env', 'test')

interface Sent {
  readonly status: number | undefined
  readonly came: string | string[] | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** The target goes over the wire as it is, which `fetch` would not do. */
const post = (port: number, path: string, body = '{"amount":5}'): Promise<Sent> =>
  new Promise((resolve, reject) => {
    const headers = { 'idempotency-key': 'k', 'content-type': 'application/json', 'content-length': body.length }
    const asked = httpRequest({ port, host: '127.0.0.1', method: 'POST', path, headers }, async (response) => {
      const text = (await response.toArray()).map(String).join('')
      const { statusCode: status, headers: given } = response
      resolve({ status, came: given['idempotency-status'], headers: given, body: text })
    })
    asked.on('error', reject)
    asked.end(body)
  })

/** Two requests on one connection, and everything that comes back. */
const twiceOnOneConnection = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const text = (key: string): string =>
      `POST /pay HTTP/1.1\r\nHost: shop\r\nIdempotency-Key: ${key}\r\nContent-Length: 0\r\n${key === 'b' ? 'Connection: close\r\n' : ''}\r\n`
    const socket = connect(port, '127.0.0.1')
    let got = ''
    socket.on('data', (chunk) => {
      got += String(chunk)
    })
    socket.on('close', () => resolve(got))
    socket.write(text('a') + text('b'))
  })

describe('Express', () => {
  test('an error after a part of the answer gets its real length, so that the next answer begins where it ends', async () => {
    const app = silenced(express()).use(express.json(), once())
    app.post('/pay', (_request, response, next) => {
      response.write('partial')
      next(new Error('boom'))
    })
    app.use((_error: Error, _request: unknown, response: express.Response, _next: unknown) => {
      response.status(500).json({ error: 'boom' })
    })
    const got = await twiceOnOneConnection(await listen(app))
    expect(got.match(/content-length: \d+/gi)).toEqual(['content-length: 23', 'content-length: 23'])
    expect(got.split('partial{"error":"boom"}')).toHaveLength(3)
  })

  test.each<[string, (response: ServerResponse) => void]>([
    ['destroys its response', (response) => response.destroy()],
    [
      'pipes a stream that fails',
      (response) => {
        const broken = new Readable({
          read() {
            this.destroy(new Error('broken'))
          },
        })
        pipeline(broken, response, () => {})
      },
    ],
  ])('a route that %s leaves the effect in doubt, and the retry runs at once', async (_, end) => {
    let runs = 0
    const app = express().use(express.json(), once())
    app.post('/pay', (_request, response) => {
      runs += 1
      if (runs === 1) end(response)
      else response.json({ runs })
    })
    const port = await listen(app)
    await expect(post(port, '/pay')).rejects.toThrow('socket hang up')
    expect(await post(port, '/pay')).toMatchObject({ came: 'created', body: '{"runs":2}' })
  })

  test('a middleware inside that sets headers at the last moment is heard', async () => {
    const app = express().use(express.json(), once())
    app.use((_request, response, next) => {
      const { writeHead } = response
      response.writeHead = ((...given: Parameters<typeof writeHead>) => {
        response.setHeader('set-cookie', 'session=1')
        return writeHead.apply(response, given)
      }) as never
      next()
    })
    app.post('/pay', (_request, response) => {
      response.json({})
    })
    app.post('/stream', (_request, response) => {
      Readable.from(['a', 'b']).pipe(response)
    })
    const port = await listen(app)
    for (const path of ['/pay', '/stream']) {
      expect(await post(port, path)).toMatchObject({ came: 'created', headers: { 'set-cookie': ['session=1'] } })
    }
  })

  test('writeHead with a list keeps each line of a header', async () => {
    const app = express().use(express.json(), once())
    app.post('/pay', (_request, response) => {
      response.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Line', '1', 'X-Line', '2'])
      response.end()
    })
    const { headers } = await post(await listen(app), '/pay')
    expect([headers['set-cookie'], headers['x-line']]).toEqual([['a=1', 'b=2'], '1, 2'])
  })

  test('a header that the route takes out stays out', async () => {
    const app = express().use(express.json(), once())
    app.post('/pay', (_request, response) => {
      response.removeHeader('X-Powered-By')
      response.end()
    })
    expect((await post(await listen(app), '/pay')).headers).not.toHaveProperty('x-powered-by')
  })

  test('paths that a router tells apart have records of their own', async () => {
    let runs = 0
    const app = express().use(express.json(), once())
    app.use((_request, response) => {
      runs += 1
      response.end()
    })
    const port = await listen(app)
    const paths = ['/payments', '//shop/payments', '/a/../payments', '/a\\payments', '/a/payments', '//']
    for (const path of paths) expect(await post(port, path)).toMatchObject({ came: 'created' })
    expect(await post(port, 'http://shop/payments')).toMatchObject({ came: 'replayed' })
    expect(await post(port, '/payments?a=1')).toMatchObject({ status: 422 })
    expect(runs).toBe(paths.length)
  })

  test('over HTTP/2 a body that no parser has read is an error too', async () => {
    const middleware = once()
    const server = createHttp2Server((request, response) => {
      middleware(request as never, response as never, (error) => {
        response.statusCode = error === undefined ? 201 : 500
        response.end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const statusFor = (key: string, body: string): Promise<unknown> =>
      new Promise((resolve) => {
        const asked = client.request({ ':method': 'POST', 'idempotency-key': key }, { endStream: body === '' })
        asked.on('response', ({ ':status': status }) => resolve(status)).resume()
        if (body !== '') asked.end(body)
      })
    expect([await statusFor('a', ''), await statusFor('b', '1')]).toEqual([201, 500])
    client.close()
    server.close()
  })

  test('a body that was read into another place than request.body is an error, not a body that counts as empty', async () => {
    let runs = 0
    const app = silenced(express())
    app.use((request, _response, next) => {
      request.on('end', next).resume()
    }, once())
    app.post('/pay', (_request, response) => {
      runs += 1
      response.end()
    })
    expect(await post(await listen(app), '/pay')).toMatchObject({
      status: 500,
      body: expect.stringContaining('no parser has read the body into request.body'),
    })
    expect(runs).toBe(0)
  })
})
