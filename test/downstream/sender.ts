/**
 * A process that sends requests which fail. It is a process of its own because Jest gives each test its own `Error`
 * class, and the AWS SDK replaces errors of another class by one that says less.
 */
import { request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { wasNotSent } from '../../lib/downstream/index.ts'

/** The clients that handlers use most, each with a new connection. */
export type ClientName = 'fetch' | 'node:http' | 'AWS SDK'

/** One POST, and how its client sends it. */
export interface Order {
  readonly client: ClientName
  readonly url: string
  /** The certificate that the client trusts. */
  readonly ca?: string | undefined
  /** For how long the client waits for the answer. */
  readonly timeoutMillis?: number
  /** For how long the client waits for the connection. */
  readonly connectMillis?: number
  /** Of the AWS client only. */
  readonly maxAttempts?: number
}

/** What `wasNotSent` says of the error, of the error as a cause, and what the error itself says. */
export interface Verdict {
  readonly notSent: boolean
  readonly notSentWithin: boolean
  readonly code?: string | undefined
  readonly attempts?: number | undefined
}

type Send = (order: Required<Omit<Order, 'client' | 'ca'>> & { readonly ca?: string | undefined }) => Promise<unknown>

type DispatcherClass = new (options: object) => object

/** The dispatcher's class of the undici that Node contains. Its `fetch` has no other way to set these options. */
const dispatcherClass = async (): Promise<DispatcherClass> => {
  await fetch('data:,')
  const dispatcher = (globalThis as Record<symbol, unknown>)[Symbol.for('undici.globalDispatcher.1')]
  return (dispatcher as { readonly constructor: DispatcherClass }).constructor
}

const viaFetch: Send = async ({ url, ca, timeoutMillis, connectMillis }) => {
  const Dispatcher = await dispatcherClass()
  const dispatcher = new Dispatcher({ headersTimeout: timeoutMillis, connect: { ca, timeout: connectMillis } })
  const response = await fetch(url, { method: 'POST', body: 'x', dispatcher } as RequestInit)
  return response.text()
}

const viaHttp: Send = ({ url, ca, timeoutMillis }) =>
  new Promise((resolve, reject) => {
    const settings = { method: 'POST', timeout: timeoutMillis }
    const sent = url.startsWith('https:')
      ? httpsRequest(url, { ...settings, ca, agent: new HttpsAgent() })
      : httpRequest(url, settings)
    sent.on('response', resolve).on('error', reject)
    sent.on('timeout', () => sent.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
    sent.end('x')
  })

const viaAws: Send = ({ url, ca, timeoutMillis, connectMillis, maxAttempts }) => {
  const client = new DynamoDBClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts,
    requestHandler: {
      httpsAgent: new HttpsAgent({ ca }),
      connectionTimeout: connectMillis,
      requestTimeout: timeoutMillis,
      throwOnRequestTimeout: true,
    },
  })
  return client.send(new ListTablesCommand({})).finally(() => client.destroy())
}

const CLIENTS: Readonly<Record<ClientName, Send>> = { fetch: viaFetch, 'node:http': viaHttp, 'AWS SDK': viaAws }

const DEFAULTS = { timeoutMillis: 10_000, connectMillis: 5_000, maxAttempts: 1 }

const verdictOn = (error: unknown): Verdict => {
  const { code, cause, $metadata } = error as {
    code?: string
    cause?: { code?: string }
    $metadata?: { attempts?: number }
  }
  return {
    notSent: wasNotSent(error),
    notSentWithin: wasNotSent(new Error('the charge failed', { cause: error })),
    code: code ?? cause?.code,
    attempts: $metadata?.attempts,
  }
}

process.on('message', async ({ id, order }: { readonly id: number; readonly order: Order }) => {
  const answer = await CLIENTS[order.client]({ ...DEFAULTS, ...order }).then(() => 'answered' as const, verdictOn)
  process.send?.({ id, answer })
})
process.send?.('ready')
