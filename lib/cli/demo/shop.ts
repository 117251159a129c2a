import { reconcile } from '../../effects/index.ts'
import { type HandlerClaim, idempotent } from '../../http/index.ts'
import { memoryStore } from '../../memory/index.ts'
import { type TestRuntime, testRuntime } from '../../testing/test-runtime.ts'
import { type Charge, createProvider, type Provider } from './provider.ts'

/** What a client gets. `undefined`: the process died, and there is no answer. */
export type Reply = { readonly status: number; readonly how: string; readonly body: string } | undefined

/** One deployment of the shop, with its provider. */
export interface Shop {
  readonly provider: Provider
  pay(key: string, amount: number, fate?: Fate): Promise<Reply>
  /** Time passes, for example until the lease of a dead process is over. */
  wait(seconds: number): Promise<void>
}

/** `crash`: the process dies between the charge and its answer. */
type Fate = 'crash'

type PaymentEvent = ReturnType<typeof eventOf>
type Handler = (event: PaymentEvent, context: object) => Promise<unknown>

/** A Lambda with a timeout of 30 s. */
const CONTEXT = { getRemainingTimeInMillis: () => 30_000 }

/** The handler. It is the same in both shops. */
const createPayment =
  (provider: Provider) =>
  async (event: PaymentEvent, _context: object, claim?: HandlerClaim): Promise<object> => {
    const { amount } = JSON.parse(event.body)
    const charge = await provider.charge(amount, claim?.downstreamKey('charge'))
    if (event.fate === 'crash') await new Promise<never>(() => {})
    return receipt(charge)
  }

const receipt = ({ id, amount }: Charge): object => ({
  statusCode: 201,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ paid: amount, charge: id }),
})

export const unprotectedShop = (): Shop => {
  const provider = createProvider()
  return shop(provider, testRuntime(), createPayment(provider))
}

export const protectedShop = (): Shop => {
  const provider = createProvider()
  const runtime = testRuntime()
  const handler = idempotent(createPayment(provider), {
    store: memoryStore({ now: runtime.now }),
    operation: 'payments',
    tenant: 'single-tenant',
    runtime,
    abandoned: reconcile((_: PaymentEvent, claim) => {
      const charge = provider.find(claim.downstreamKey('charge'))
      return charge === undefined ? { rerun: true } : { done: receipt(charge) }
    }),
  })
  return shop(provider, runtime, handler)
}

const shop = (provider: Provider, { clock }: TestRuntime, handler: Handler): Shop => ({
  provider,
  wait: (seconds) => clock.advance(seconds),
  pay: async (key, amount, fate) => {
    const call = handler(eventOf(key, amount, fate), CONTEXT)
    if (fate !== 'crash') return replyOf(await call)
    await new Promise((died) => setTimeout(died, 20))
    return undefined
  },
})

/** As an HTTP API sends it. `fate` is for the demonstration. */
const eventOf = (key: string, amount: number, fate: Fate | undefined) => ({
  version: '2.0',
  routeKey: 'POST /payments',
  rawPath: '/payments',
  rawQueryString: '',
  headers: { 'idempotency-key': `"${key}"`, 'content-type': 'application/json' },
  requestContext: { domainName: 'shop.example', stage: '$default', http: { method: 'POST', path: '/payments' } },
  body: JSON.stringify({ amount }),
  isBase64Encoded: false,
  fate,
})

const replyOf = (answer: unknown): Reply => {
  const {
    statusCode,
    headers = {},
    body,
  } = answer as {
    readonly statusCode: number
    readonly headers?: Readonly<Record<string, string>>
    readonly body: string
  }
  const lines = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  const kept = lines.find(([name]) => name === 'idempotency-status')?.[1]
  return { status: statusCode, how: kept ?? codeOf(statusCode, body), body }
}

const codeOf = (status: number, body: string): string =>
  status < 400 ? '' : (JSON.parse(body) as { code: string }).code
