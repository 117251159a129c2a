import { randomUUID } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { output } from './target.ts'

export interface Call {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly merchantId?: string
  /** A list is sent as one header line each. */
  readonly key?: string | readonly string[]
  readonly keyHeader?: string
  readonly body?: unknown
}

export interface Answered {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

/** An emulator's API has a name under `localhost`, which not every resolver knows. */
const lookup: LookupFunction = (_host, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

/** A real request to the deployed API. */
export const call = ({ path, key, keyHeader = 'Idempotency-Key', ...rest }: Call): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', merchantId, body } = rest
    const url = new URL(output('Url') + path)
    const { request } = url.protocol === 'https:' ? https : http
    const sent = request(url, {
      method,
      ...(url.hostname.endsWith('.localhost') ? { lookup } : {}),
      headers: {
        ...(merchantId === undefined ? {} : { 'x-merchant-id': merchantId }),
        ...(key === undefined ? {} : { [keyHeader]: key as string | string[] }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
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

export const newMerchant = (): string => `m-${randomUUID()}`
export const newKey = (): string => randomUUID()

export const payment = (source = 'tok_ok', amount = 1_000): object => ({ amount, currency: 'EUR', source })

/** `POST /payments`. */
export const pay = (merchantId: string, key: string, body: unknown = payment()): Promise<Answered> =>
  call({ method: 'POST', path: '/payments', merchantId, key, body })

export const paymentsOf = async (merchantId: string): Promise<readonly { readonly id: string }[]> =>
  JSON.parse((await call({ path: '/payments', merchantId })).text).payments

export const ordersOf = async (merchantId: string): Promise<{ orders: { orderId: string }[]; reserved: object }> =>
  JSON.parse((await call({ path: '/orders', merchantId })).text)

export const codeOf = ({ text }: Answered): unknown => JSON.parse(text).code
export const standing = ({ headers }: Answered): unknown => headers['idempotency-status']
