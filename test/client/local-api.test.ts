import { idempotentFetch, KeyReusedError, operationKey } from '../../lib/client/index.ts'
import { type HttpProxy, httpProxy, type ProxyFault } from '../support/http-proxy.ts'
import { webStorage } from '../support/key-storages.ts'
import { killRunning, startLocal } from '../support/local-process.ts'

/** On a busy machine, Java takes several times its usual two seconds to start. */
const PATIENCE = 90_000

const ORDER = { amount: 1999, currency: 'EUR', source: 'tok_ok' }

let api: string
let proxy: HttpProxy
let merchants = 0
let merchant: string

beforeAll(async () => {
  const local = startLocal(['--port', '0', '--function-timeout', '4'])
  api = await local.url()
  proxy = await httpProxy(api)
}, PATIENCE)

beforeEach(() => {
  merchant = `merchant-${++merchants}`
})

afterAll(async () => {
  await proxy.close()
  await killRunning()
})

const send = idempotentFetch({ attempts: 10 })

const pay = (json: object = ORDER, more: { key?: string } = {}) =>
  send(`${proxy.url}/payments`, { method: 'POST', json, headers: { 'x-merchant-id': merchant }, ...more })

/** The merchant's payments, past the proxy. */
const payments = async (): Promise<readonly { readonly id: string }[]> => {
  const response = await fetch(`${api}/payments`, { headers: { 'x-merchant-id': merchant } })
  return ((await response.json()) as { payments: { id: string }[] }).payments
}

const FAULTS: readonly (readonly [readonly ProxyFault[], string])[] = [
  [[], 'created'],
  [['lost'], 'created'],
  [['unanswered'], 'replayed'],
  [['cut'], 'replayed'],
  [['lost', 'unanswered', 'cut'], 'replayed'],
  [['unanswered', 'doubled'], 'replayed'],
]

test.each(FAULTS)(
  'J1, J12: through a proxy with the faults %j, the example API makes one payment: %s.',
  async (faults, expected) => {
    proxy.script(...faults)
    const { response, status, attempts } = await pay()
    expect([response.status, status]).toEqual([201, expected])
    expect(await payments()).toEqual([await response.json()])
    expect(proxy.posts).toHaveLength(attempts)
    expect(new Set(proxy.posts.map((post) => JSON.stringify(post))).size).toBe(1)
  },
  PATIENCE,
)

test(
  'J12: a request that the network doubles makes one payment.',
  async () => {
    proxy.script('doubled')
    const { response } = await pay()
    expect(await payments()).toEqual([await response.json()])
  },
  PATIENCE,
)

test(
  'J2, J5, J12: a function that dies after the payment is waited for, and the payment is there once.',
  async () => {
    proxy.script()
    const { response, status, attempts } = await pay({ ...ORDER, source: 'tok_crash' })
    expect([response.status, status]).toEqual([201, 'created'])
    expect(await payments()).toEqual([await response.json()])
    expect(attempts).toBeGreaterThan(2) // the 500, at least one 409, and the answer
  },
  PATIENCE,
)

test(
  'J2: a payment that is declined is final, and its key may be kept for another source.',
  async () => {
    proxy.script()
    const key = await operationKey(webStorage().storage, ['checkout', merchant])
    const url = `${proxy.url}/payments`
    const init = { method: 'POST', headers: { 'x-merchant-id': merchant }, key }
    const declined = await send(url, { ...init, json: { ...ORDER, source: 'tok_declined' } })
    expect([declined.response.status, declined.status, declined.attempts]).toEqual([402, 'released', 1])
    const paid = await send(url, { ...init, json: ORDER })
    expect([paid.status, paid.key]).toEqual(['created', declined.key])
  },
  PATIENCE,
)

test(
  'J4: the same key with another amount is a KeyReusedError, and there is one payment.',
  async () => {
    proxy.script()
    const { key } = await pay()
    const error = await pay({ ...ORDER, amount: 2999 }, { key: key as string }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(KeyReusedError)
    expect(error).toMatchObject({ code: 'key-reused', key, attempts: 1, response: { status: 422 } })
    expect(await payments()).toHaveLength(1)
  },
  PATIENCE,
)
