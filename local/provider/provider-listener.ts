import type { IncomingMessage, RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { jsonAnswer, type WireAnswer } from '../gateway/answer.ts'
import { answering } from '../gateway/exchange.ts'
import { splitTarget } from '../gateway/request-event.ts'
import { keyMemory } from './key-memory.ts'
import { createLedger, type Filter, type Ledger } from './ledger.ts'
import { chargeOperation, type Fields, type Operation, refundOperation } from './operations.ts'
import { refusal } from './reply.ts'
import { createSources, type Wait } from './sources.ts'

export interface ProviderOptions {
  /**
   * How long the provider remembers an idempotency key, in seconds: more than 0.
   * @default 86_400 (a day)
   */
  readonly rememberSeconds?: number
  /**
   * The clock, in epoch milliseconds.
   * @default Date.now
   */
  readonly now?: () => number
  /**
   * Waits for the source `tok_slow`.
   * @default - a timer
   */
  readonly wait?: Wait
}

/** Stripe remembers keys for at least a day (https://docs.stripe.com/api/idempotent_requests). */
const DEFAULT_REMEMBER_SECONDS = 86_400

const MAX_BODY_BYTES = 64 * 1_024
const TOO_LARGE = refusal(413, { code: 'invalid', field: 'body', rule: `must be at most ${MAX_BODY_BYTES} bytes` })
const NO_KEY = refusal(400, { code: 'invalid', field: 'idempotency-key', rule: 'must be 1 to 255 characters' })
const NOT_FOUND = refusal(404, { code: 'not-found', rule: 'there is no such path and method' })

/**
 * A stand-in for a payment provider, for local use and tests. It moves no money, and keeps charges and refunds in
 * memory. Like Stripe, it keeps what it answered to a key, be it a charge, a decline or an error 500, and keeps nothing
 * of a request that it refused before it began.
 */
export const providerListener = (options: ProviderOptions = {}): RequestListener => {
  const { rememberSeconds = DEFAULT_REMEMBER_SECONDS, now = Date.now, wait = sleep } = options
  if (!(rememberSeconds > 0)) throw new TypeError(`rememberSeconds is ${rememberSeconds}; it must be more than 0`)
  const ledger = createLedger(now)
  const executeOnce = keyMemory({ rememberSeconds, now })
  const operations: ReadonlyMap<string, Operation> = new Map([
    ['POST /charges', chargeOperation(ledger, createSources(wait))],
    ['POST /refunds', refundOperation(ledger)],
  ])

  return answering({ maxBodyBytes: MAX_BODY_BYTES, tooLarge: TOO_LARGE }, async (request, body) => {
    const { rawPath, rawQueryString } = splitTarget(request.url ?? '/')
    const route = `${request.method} ${rawPath}`
    if (route === 'GET /charges') return listed(ledger, new URLSearchParams(rawQueryString))
    const operation = operations.get(route)
    if (operation === undefined) return NOT_FOUND
    const key = keyOf(request)
    if (key === undefined) return NO_KEY
    const text = body.toString()
    return executeOnce(key, `${route} ${text}`, async () => operation(key, fieldsOf(text)))
  })
}

const keyOf = ({ headers }: IncomingMessage): string | undefined => {
  const key = headers['idempotency-key']
  return typeof key === 'string' && /^.{1,255}$/.test(key) ? key : undefined
}

/** Anything but a JSON object has no fields, and so is refused by the first rule. */
const fieldsOf = (text: string): Fields => {
  try {
    return { ...JSON.parse(text) }
  } catch {
    return {}
  }
}

const FILTERS = ['key', 'reference']

const listed = (ledger: Ledger, query: URLSearchParams): WireAnswer => {
  const names = [...query.keys()]
  const unknown = names.find((name, at) => !FILTERS.includes(name) || names.indexOf(name) !== at)
  if (unknown === undefined) return jsonAnswer(200, { charges: ledger.charges(Object.fromEntries(query) as Filter) })
  return refusal(400, { code: 'invalid', field: unknown, rule: `the query takes ${FILTERS.join(' and ')}, each once` })
}
