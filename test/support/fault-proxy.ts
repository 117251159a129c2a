import { once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { databaseEndpoint } from './dynamodb.ts'
import { type Step, stepOf } from './store-step.ts'

/** What happens to one request. */
export interface Fault {
  /** Called first when the request has arrived, such as for the write of another process at that moment. */
  readonly first?: () => unknown
  /** Default: `now`. `late`: when the test calls `deliver`, independent of the answer. */
  readonly apply?: 'now' | 'never' | 'late'
  /**
   * Default: the database's answer. `reset`: the connection breaks. `silent`: there is never an answer. An error is sent
   * in DynamoDB's form.
   */
  readonly answer?: 'reset' | 'silent' | ServiceError
  /** Delay of the answer, in real time. */
  readonly delayMillis?: number
}

interface ServiceError {
  readonly status: number
  readonly name: string
  readonly message?: string
  /** Of a cancelled transaction: the code of each of its items. */
  readonly reasons?: readonly string[]
}

const error = (status: number, name: string, message: string = name): Fault => ({
  apply: 'never',
  answer: { status, name, message },
})

export const resetBefore: Fault = { apply: 'never', answer: 'reset' }
export const resetAfter: Fault = { answer: 'reset' }
export const failBefore: Fault = error(500, 'InternalServerError')
export const failAfter: Fault = { answer: { status: 500, name: 'InternalServerError' } }
export const timeoutBefore: Fault = { apply: 'never', answer: 'silent' }
export const timeoutAfter: Fault = { answer: 'silent' }
export const throughputExceeded: Fault = error(400, 'ProvisionedThroughputExceededException')
export const throttled: Fault = error(400, 'ThrottlingException')
export const denied: Fault = error(400, 'AccessDeniedException', 'User is not authorized to perform this action')
export const transactionConflict: Fault = error(400, 'TransactionConflictException')
export const transactionInProgress: Fault = error(400, 'TransactionInProgressException')
export const tokenMismatch: Fault = error(400, 'IdempotentParameterMismatchException')
/** The transaction is not applied. One code for each of its items, the record's first. */
export const cancelled = (...reasons: readonly string[]): Fault => ({
  apply: 'never',
  answer: { status: 400, name: 'TransactionCanceledException', reasons },
})
/** The network keeps the request, breaks the connection, and delivers the request later. */
export const arrivesLate: Fault = { apply: 'late', answer: 'reset' }

export interface Seen {
  /** The operation's name in `X-Amz-Target`. */
  readonly operation: string
  readonly step: Step
  /** The number of this request within its step, from 1. */
  readonly nth: number
}

export interface Rule {
  readonly operation?: string
  readonly step?: Step
  /** Default: every request. */
  readonly nth?: number
  readonly fault: Fault
}

export interface FaultProxy {
  readonly endpoint: string
  /** Every request so far, oldest first. */
  readonly seen: readonly Seen[]
  /** Replaces the rules, and restarts the counting. The first rule that matches a request applies. */
  script(...rules: readonly Rule[]): void
  /** Delivers the late requests to the database in their order. Returns the status of each. */
  deliver(): Promise<readonly number[]>
  /** Resets the currently open connections at their next request, like a gateway that has dropped them. */
  forget(): void
  /** Stops listening at the endpoint until `accept`. */
  refuse(): Promise<void>
  accept(): Promise<void>
  close(): Promise<void>
}

export interface FaultProxyOptions {
  /** The time in the answers' `Date` header. Default: the database's clock. */
  readonly storeTime?: () => number
}

interface Exchange {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

interface Answer extends Exchange {
  readonly status: number
}

/** A proxy between a client and DynamoDB Local that loses, delays and fails requests by its rules. */
export const faultProxy = async ({ storeTime }: FaultProxyOptions = {}): Promise<FaultProxy> => {
  const agent = new Agent({ keepAlive: true })
  const seen: Seen[] = []
  let rules: readonly Rule[] = []
  let late: Exchange[] = []
  const forgotten = new WeakSet<Socket>()

  const faultFor = (at: Seen): Fault =>
    rules.find(
      ({ operation = at.operation, step = at.step, nth = at.nth }) =>
        operation === at.operation && step === at.step && nth === at.nth,
    )?.fault ?? {}

  const send = (response: ServerResponse, { status, headers, body }: Answer): void => {
    const date = storeTime === undefined ? {} : { date: new Date(storeTime()).toUTCString() }
    response.writeHead(status, { ...headers, ...date }).end(body)
  }

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (forgotten.has(incoming.socket)) return void incoming.socket.resetAndDestroy()
    const received = { headers: incoming.headers, body: await bodyOf(incoming) }
    const operation = String(incoming.headers['x-amz-target']).split('.').pop() ?? ''
    const step = stepOf(operation, JSON.parse(received.body.toString('utf8')))
    const at = { operation, step, nth: seen.filter((other) => other.step === step).length + 1 }
    seen.push(at)
    const { first, apply = 'now', answer, delayMillis = 0 } = faultFor(at)
    await first?.()
    if (apply === 'late') late.push(received)
    const real = apply === 'now' ? await forward(agent, received) : undefined
    if (delayMillis > 0) await new Promise((resolve) => setTimeout(resolve, delayMillis))
    if (answer === 'silent') return
    if (answer === 'reset' || response.destroyed) return void incoming.socket.resetAndDestroy()
    if (answer !== undefined) return send(response, serviceError(answer))
    if (real === undefined) throw new Error('A request that is not applied needs an answer')
    send(response, real)
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((cause: unknown) => {
      console.error(cause) // a mistake in the test, whose store call fails too
      incoming.socket.destroy()
    })
  })
  // The server closes after its last connection, so `close` destroys each of them.
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    socket.unref()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.unref() // a test that fails before its `close` must not keep the process alive
    return (server.address() as AddressInfo).port
  }
  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  }
  const port = await listen(0)

  return {
    endpoint: `http://127.0.0.1:${port}`,
    seen,
    script: (...next) => {
      rules = next
      seen.length = 0
    },
    deliver: async () => {
      const statuses: number[] = []
      for (const exchange of late.splice(0)) statuses.push((await forward(agent, exchange)).status)
      late = []
      return statuses
    },
    forget: () => {
      for (const socket of sockets) forgotten.add(socket)
    },
    refuse: close,
    accept: async () => {
      await listen(port)
    },
    close: async () => {
      await close()
      agent.destroy()
    },
  }
}

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const forward = async (agent: Agent, { headers, body }: Exchange): Promise<Answer> => {
  const outgoing = request(databaseEndpoint(), { method: 'POST', headers, agent })
  outgoing.end(body)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: await bodyOf(incoming) }
}

const serviceError = ({ status, name, message = name, reasons }: ServiceError): Answer => {
  const type = `com.amazonaws.dynamodb.v20120810#${name}`
  const cancellation = reasons === undefined ? {} : { CancellationReasons: reasons.map((Code) => ({ Code })) }
  const body = Buffer.from(JSON.stringify({ __type: type, message, ...cancellation }))
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'content-length': String(body.length) },
    body,
  }
}
