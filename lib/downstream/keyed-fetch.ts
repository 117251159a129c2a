import { aFunction, checkOptions, type Rules, shown } from '../core/option-rules.ts'

/** The options of {@link keyedFetch}. */
export interface KeyedFetchOptions {
  /**
   * The header that carries the key.
   * @default 'Idempotency-Key'
   */
  readonly header?: string | undefined
  /**
   * The `fetch` that sends.
   * @default globalThis.fetch
   */
  readonly fetch?: typeof fetch | undefined
}

const RULES: Rules = {
  header: { rule: (value) => (isHeaderName(value) ? undefined : 'must be the name of a header') },
  fetch: { rule: aFunction },
}

/** A token (RFC 9110, section 5.6.2). */
const isHeaderName = (value: unknown): boolean => typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value)

/** Printable ASCII, without a space at either end: `Headers` would drop it. */
const KEY = /^[!-~]([ -~]*[!-~])?$/

/**
 * Returns a `fetch` that sends `key` on each of its requests. Make one for each call of a service, with its own
 * `claim.downstreamKey(name)`. Body and method stay as you give them.
 *
 * A redirect is an error, unless the method is GET or HEAD, or you set `redirect` yourself. `fetch` would follow it,
 * often as a GET without the body, and an error would then be about the last request only.
 *
 * Throws a `TypeError` for a key that is not printable ASCII, is empty, or has a space at an end, and an `OptionError`
 * for an option that cannot be right. The returned `fetch` rejects with a `TypeError` if the request already has
 * another value in this header.
 *
 * @example
 * const send = keyedFetch(claim.downstreamKey('capture'), { header: 'PayPal-Request-Id' })
 * const response = await send(`https://api-m.paypal.com/v2/checkout/orders/${id}/capture`, { method: 'POST' })
 */
export const keyedFetch = (key: string, options: KeyedFetchOptions = {}): typeof fetch => {
  checkOptions('keyedFetch', options, RULES)
  if (typeof key !== 'string' || !KEY.test(key))
    throw new TypeError(`keyedFetch(key): key is ${shown(key)}; it must be printable ASCII, and not empty`)
  const { header = 'Idempotency-Key', fetch: send = fetch } = options
  return async (input, init) => {
    const { headers: own, method = 'GET', redirect = 'follow' } = input as Partial<Request>
    const sent = members(init)
    const headers = new Headers(sent.headers ?? own)
    const value = headers.get(header)
    if (value !== null && value !== key)
      throw new TypeError(`keyedFetch: the request has "${header}: ${value}"; the key is "${key}"`)
    headers.set(header, key)
    if (redirect === 'follow' && !/^(GET|HEAD)$/i.test(sent.method ?? method)) sent.redirect ??= 'error'
    return send(input, { ...sent, headers })
  }
}

/** `init` may be a `Request`, whose members are getters of its prototype. A spread would lose its method and body. */
const members = (init: RequestInit = {}): RequestInit => {
  const all: Record<string, unknown> = {}
  for (const name in init) all[name] = init[name as keyof RequestInit]
  return all
}
