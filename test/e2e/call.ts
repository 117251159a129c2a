import { randomUUID } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import { output } from './target.ts'

export interface Call {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly merchantId?: string
  /** A list of values is sent as one header line for each. */
  readonly key?: string | readonly string[]
  readonly keyHeader?: string
  readonly body?: unknown
}

export interface Answered {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

export interface Sent {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: unknown
}

/** An emulator identifies its APIs and function URLs by the host in the request. */
const addressOf = (url: URL): http.RequestOptions => {
  const { AWS_ENDPOINT_URL } = process.env
  if (AWS_ENDPOINT_URL === undefined) return { hostname: url.hostname, headers: {} }
  const { hostname, port } = new URL(AWS_ENDPOINT_URL)
  const host = url.host.replace(/(\.execute-api)\..*amazonaws.*$/, '$1.localhost')
  return { hostname, port, headers: { host } }
}

/** Sends a real HTTP request. */
export const send = ({ method, url: text, headers = {}, body }: Sent): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const url = new URL(text)
    const { headers: addressed, ...address } = addressOf(url)
    const { request } = process.env.AWS_ENDPOINT_URL === undefined ? https : http
    const content = body === undefined ? {} : { 'content-type': 'application/json' }
    const sent = request({
      ...address,
      method,
      path: url.pathname + url.search,
      headers: { ...addressed, ...content, ...headers } as http.OutgoingHttpHeaders,
    })
    sent.once('error', reject)
    sent.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })

/** Sends a request to the example's API. */
export const call = ({
  method = 'GET',
  path,
  merchantId,
  key,
  keyHeader = 'Idempotency-Key',
  body,
}: Call): Promise<Answered> =>
  send({
    method,
    url: output('Url') + path,
    body,
    headers: {
      ...(merchantId === undefined ? {} : { 'x-merchant-id': merchantId }),
      ...(key === undefined ? {} : { [keyHeader]: key }),
    },
  })

export const newMerchant = (): string => `m-${randomUUID()}`
export const newKey = (): string => randomUUID()

export const payment = (source = 'tok_ok', amount = 1_000): object => ({ amount, currency: 'EUR', source })

/** Sends `POST /payments`. */
export const pay = (merchantId: string, key: string, body: unknown = payment()): Promise<Answered> =>
  call({ method: 'POST', path: '/payments', merchantId, key, body })

export const paymentsOf = async (merchantId: string): Promise<readonly { readonly id: string }[]> =>
  JSON.parse((await call({ path: '/payments', merchantId })).text).payments

export const ordersOf = async (merchantId: string): Promise<{ orders: { orderId: string }[]; reserved: object }> =>
  JSON.parse((await call({ path: '/orders', merchantId })).text)

export const codeOf = ({ text }: Answered): unknown => JSON.parse(text).code
export const standing = ({ headers }: Answered): unknown => headers['idempotency-status']
