import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener, request } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { wasNotSent } from '../../lib/downstream/index.ts'
import { type Certificate, certificate, newKey } from '../support/certificates.ts'
import type { ClientName, Order, Verdict } from './sender.ts'

let sender: ChildProcess

beforeAll(async () => {
  sender = fork(fileURLToPath(new URL('./sender.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  await once(sender, 'message')
})

afterAll(() => sender.kill())

let orders = 0

const send = (order: Order): Promise<Verdict | 'answered'> => {
  const id = orders++
  return new Promise((resolve) => {
    const onMessage = (message: { readonly id: number; readonly answer: Verdict | 'answered' }): void => {
      if (message.id !== id) return
      sender.off('message', onMessage)
      resolve(message.answer)
    }
    sender.on('message', onMessage)
    sender.send({ id, order })
  })
}

const NOT_SENT = { notSent: true, notSentWithin: true }
const IN_DOUBT = { notSent: false, notSentWithin: false }

const opened: { readonly server: Server; readonly sockets: Set<Socket> }[] = []

/** Starts it on a port of the loopback address, and ends it after the test with all its connections. */
const started = async (server: Server): Promise<number> => {
  const sockets = new Set<Socket>()
  opened.push({ server, sockets })
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const ended = async (server: Server): Promise<void> => {
  for (const { sockets } of opened.filter((one) => one.server === server))
    for (const socket of sockets) socket.destroy()
  if (server.listening) await new Promise((resolve) => server.close(resolve))
}

afterEach(async () => {
  await Promise.all(opened.map(({ server }) => ended(server)))
  opened.length = 0
})

const closedPort = async (): Promise<number> => {
  const server = createServer()
  const port = await started(server)
  await ended(server)
  return port
}

/** Reads the request, and treats its connection as the test says. */
const readingServer = async (
  treat: (socket: Socket, server: Server) => unknown,
): Promise<{ readonly url: string; readonly received: () => number }> => {
  let received = 0
  const server = createServer((socket) =>
    socket.once('data', () => {
      received++
      treat(socket, server)
    }),
  )
  return { url: `http://127.0.0.1:${await started(server)}/`, received: () => received }
}

const CLIENTS: readonly ClientName[] = ['fetch', 'node:http', 'AWS SDK']
const DAY = 86_400_000
const at = (days: number): Date => new Date(Date.now() + days * DAY)

test.each(CLIENTS)('I35 a request of %s to a closed port was not sent', async (client) => {
  const port = await closedPort()
  expect(await send({ client, url: `http://127.0.0.1:${port}/` })).toMatchObject(NOT_SENT)
  expect(await send({ client, url: `http://localhost:${port}/` })).toMatchObject(NOT_SENT)
})

test.each(CLIENTS)('I35 a request of %s to an unknown host was not sent', async (client) => {
  // `invalid` never exists (RFC 6761, section 6.4). Without a network the lookup fails in another way.
  expect(await send({ client, url: 'http://no-such-host.invalid/' })).toMatchObject(NOT_SENT)
})

const REFUSED_CERTIFICATES: Readonly<Record<string, () => Certificate & { readonly ca?: string }>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: () => certificate({ host: 'localhost' }),
  CERT_HAS_EXPIRED: () => trusted(certificate({ host: 'localhost', from: at(-2), until: at(-1) })),
  CERT_NOT_YET_VALID: () => trusted(certificate({ host: 'localhost', from: at(1), until: at(2) })),
  ERR_TLS_CERT_ALTNAME_INVALID: () => trusted(certificate({ host: 'another-host.example' })),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: () =>
    certificate({ host: 'localhost', issuer: { name: 'An unknown authority', key: newKey().privateKey } }),
}

const trusted = (made: Certificate) => ({ ...made, ca: made.cert })

/** A server that counts the requests, so that a test can tell whether one arrived in spite of the refusal. */
const httpsServer = async ({ cert, key }: Certificate) => {
  let received = 0
  const listener: RequestListener = (_request, response) => {
    received++
    response.end('{}')
  }
  const port = await started(createHttpsServer({ cert, key }, listener))
  return { url: `https://localhost:${port}/`, received: () => received }
}

const REFUSALS = CLIENTS.flatMap((client) =>
  Object.entries(REFUSED_CERTIFICATES).map(([code, make]) => [client, code, make] as const),
)

test.each(REFUSALS)('I35 %s refuses a certificate with %s before it sends', async (client, code, make) => {
  const made = make()
  const { url, received } = await httpsServer(made)
  for (let round = 0; round < 5; round++)
    expect(await send({ client, url, ca: made.ca })).toMatchObject({ code, ...NOT_SENT })
  expect(received()).toBe(0)
})

test.each(CLIENTS)('%s accepts the certificate of these tests if nothing is wrong with it', async (client) => {
  const made = trusted(certificate({ host: 'localhost' }))
  const { url, received } = await httpsServer(made)
  expect(await send({ client, url, ca: made.ca })).toBe('answered')
  expect(received()).toBe(1)
})

test('I35 a connection that is not made in time was not sent', async () => {
  const port = await started(createServer(() => {})) // accepts, and never begins the handshake
  const verdict = await send({ client: 'fetch', url: `https://127.0.0.1:${port}/`, connectMillis: 100 })
  expect(verdict).toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT', ...NOT_SENT })
})

const TREATMENTS: Readonly<Record<string, (socket: Socket) => unknown>> = {
  'closes the connection': (socket) => socket.end(),
  'breaks the connection': (socket) => socket.resetAndDestroy(),
  'breaks the connection within its answer': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-le', () => socket.resetAndDestroy()),
  'never answers': () => {},
}

const TREATED = CLIENTS.flatMap((client) =>
  Object.entries(TREATMENTS).map(([how, treat]) => [client, how, treat] as const),
)

test.each(TREATED)('I35 a request of %s to a server that reads and %s is in doubt', async (client, _how, treat) => {
  const { url, received } = await readingServer(treat)
  expect(await send({ client, url, timeoutMillis: 300 })).toMatchObject(IN_DOUBT)
  expect(received()).toBe(1)
})

test('I35 a request that its signal ends is in doubt', async () => {
  const { url, received } = await readingServer(() => {})
  const signal = AbortSignal.timeout(100)
  expect(wasNotSent(await fetch(url, { method: 'POST', signal }).catch((error) => error))).toBe(false)
  expect(received()).toBe(1)
})

test('I35 a request of node:http is in doubt whatever its signal was aborted with', async () => {
  const controller = new AbortController()
  const unsent = failed('ECONNREFUSED', { syscall: 'connect' })
  const { url } = await readingServer(() => controller.abort(unsent))
  const sent = request(url, { method: 'POST', signal: controller.signal }).end('x')
  const [error] = (await once(sent, 'error')) as [Error]
  expect(error.cause).toBe(unsent)
  expect(wasNotSent(error)).toBe(false)
})

test('I35 an AWS client that sent before it met a closed port is in doubt', async () => {
  const { url, received } = await readingServer((socket, server) => {
    server.close()
    socket.destroy()
  })
  const verdict = await send({ client: 'AWS SDK', url, maxAttempts: 2 })
  expect(verdict).toEqual({ code: 'ECONNREFUSED', attempts: 2, ...IN_DOUBT })
  expect(received()).toBe(1)
})

test('I35 an AWS client that met a closed port twice is in doubt: its error does not show the first attempt', async () => {
  const url = `http://127.0.0.1:${await closedPort()}/`
  expect(await send({ client: 'AWS SDK', url, maxAttempts: 2 })).toMatchObject({ attempts: 2, ...IN_DOUBT })
})

test('I35 an answer with an error status is no unsent request', async () => {
  const server = createHttpServer((_request, response) => response.writeHead(400).end('{"__type":"ENOTFOUND"}'))
  const url = `http://127.0.0.1:${await started(server)}/`
  expect(await send({ client: 'AWS SDK', url })).toMatchObject(IN_DOUBT)
})

const failed = (code: string, over: object = {}): Error => Object.assign(new Error(code), { code }, over)
const refused = failed('ECONNREFUSED', { syscall: 'connect' })
const reset = failed('ECONNRESET', { syscall: 'read' })
const wrapping = (cause: unknown): Error => new Error('the charge failed', { cause })

const circle = (code?: string): Error => {
  const first = Object.assign(new Error('first'), { code })
  first.cause = wrapping(first)
  return first
}

const endless = (): object => ({
  get cause() {
    return endless()
  },
})

const throwing = (name: string): object =>
  Object.defineProperty(failed('ECONNREFUSED'), name, {
    get() {
      throw new Error('no')
    },
  })

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const JUDGED: readonly (readonly [string, unknown, boolean])[] = [
  ['a refused connection within other errors', wrapping(wrapping(refused)), true],
  ['a wrapper with a code of its own', Object.assign(wrapping(refused), { code: 'ERR_PROVIDER' }), true],
  ['all addresses refused', new AggregateError([refused, failed('ENETUNREACH', { syscall: 'connect' })]), true],
  ['one error, as cause and in errors', Object.assign(new AggregateError([refused]), { cause: refused }), true],
  ['one address that may have been reached', new AggregateError([refused, failed('ETIMEDOUT')]), false],
  ['one broken connection', wrapping(new AggregateError([reset, refused])), false],
  ['errors unsent, the cause in doubt', Object.assign(new AggregateError([refused]), { cause: reset }), false],
  // Node copies the code of the first error.
  [
    'the code of the first error only',
    Object.assign(new AggregateError([refused, reset]), { code: 'ECONNREFUSED' }),
    false,
  ],
  ['no errors in it', new AggregateError([]), false],
  ['a name lookup that failed for the moment', failed('EAI_AGAIN', { syscall: 'getaddrinfo' }), true],
  ['a host that no route leads to', failed('EHOSTUNREACH', { syscall: 'connect' }), true],
  ['a host that went away from an open connection', failed('EHOSTUNREACH', { syscall: 'read' }), false],
  ['a network that went away from an open connection', failed('ENETUNREACH', { syscall: 'write' }), false],
  ['a broken pipe', failed('EPIPE', { syscall: 'write' }), false],
  ['a socket that undici lost', wrapping(failed('UND_ERR_SOCKET')), false],
  ['undici waited for the head', wrapping(failed('UND_ERR_HEADERS_TIMEOUT')), false],
  ['a code that is not a string', { code: 23 }, false],
  ['a code of a server', failed('ENOTFOUND', { statusCode: 404 }), false],
  ['a code that APIs use too', failed('INVALID_PURPOSE'), false],
  ['a certificate that the server refused', failed('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), false],
  ['one attempt', failed('ECONNREFUSED', { $metadata: { attempts: 1 } }), true],
  ['two attempts', failed('ECONNREFUSED', { $metadata: { attempts: 2 } }), false],
  ['attempts that the client does not report', failed('ECONNREFUSED', { $metadata: {} }), false],
  ['an error without a code', new Error('failed'), false],
  ['a circle', circle(), false],
  ['a circle with a code', circle('ECONNREFUSED'), false],
  ['causes without an end', endless(), false],
  ['a code that throws', throwing('code'), false],
  ['a cause that throws', throwing('cause'), false],
  ['errors that throw', throwing('errors'), false],
  ['metadata that throws', throwing('$metadata'), false],
  ['a revoked proxy', revoked(), false],
  ['a cause that is no error', wrapping('ECONNREFUSED'), false],
  ['undefined', undefined, false],
  ['null', null, false],
  ['a string', 'ECONNREFUSED', false],
  ['a number', 61, false],
  ['a symbol', Symbol('ECONNREFUSED'), false],
]

test.each(JUDGED)('I35 wasNotSent: %s', (_what, error, expected) => {
  expect(wasNotSent(error)).toBe(expected)
})
