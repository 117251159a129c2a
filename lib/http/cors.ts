import { isObject, type Rule, shown } from '../core/option-rules.ts'

/** Which scripts of other origins may read the answers. */
export interface Cors {
  /**
   * Origins as browsers send them, such as `https://shop.example`: scheme, host and, where it is not the default, port.
   * Or `['*']` for all.
   */
  readonly origins: readonly string[]
  /** Sends `Access-Control-Allow-Credentials: true`. Browsers refuse that for `'*'`. Default `false`. */
  readonly credentials?: boolean | undefined
  /** More headers that a script may read, besides the layer's, `Link`, `Location` and `Retry-After`. */
  readonly exposeHeaders?: readonly string[] | undefined
}

export type CorsHeaders = Readonly<Record<string, string>>

/** What the layer adds, and what a client of it looks at. Without this list a browser shows a script none of them. */
const EXPOSED = ['Idempotency-Status', 'Idempotent-Replayed', 'Link', 'Location', 'Retry-After']

/** The CORS headers for a request of this origin; `Vary`, so that no cache gives one origin the answer for another. */
export const corsHeaders = (
  { origins, credentials, exposeHeaders = [] }: Cors,
  origin: string | undefined,
): CorsHeaders => {
  const isForAll = origins[0] === '*'
  const vary: CorsHeaders = isForAll ? {} : { Vary: 'Origin' }
  if (!isForAll && (origin === undefined || !origins.includes(origin))) return vary
  return {
    'Access-Control-Allow-Origin': isForAll ? '*' : String(origin),
    'Access-Control-Expose-Headers': [...EXPOSED, ...exposeHeaders].join(', '),
    ...(credentials && { 'Access-Control-Allow-Credentials': 'true' }),
    ...vary,
  }
}

/** As in the header `Origin`: a scheme, a host, a port, and nothing behind them. No browser sends a pattern. */
const AN_ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@*,A-Z]+$/

/** A token of RFC 9110, section 5.6.2. */
const A_HEADER = /^[\w!#$%&'*+.^`|~-]+$/

const MEMBERS = ['origins', 'credentials', 'exposeHeaders']

const oddOnes = (list: readonly unknown[], pattern: RegExp): readonly unknown[] =>
  list.filter((item) => typeof item !== 'string' || !pattern.test(item))

export const aCors: Rule = (value) => {
  if (!isObject(value) || !Object.keys(value).every((name) => MEMBERS.includes(name)))
    return 'must be { origins, credentials?, exposeHeaders? }'
  const { origins, credentials = false, exposeHeaders = [] } = value
  const isForAll = Array.isArray(origins) && origins.join() === '*'
  if (!Array.isArray(origins) || origins.length === 0) return 'must list its origins, or have origins: ["*"]'
  const odd = isForAll ? [] : oddOnes(origins, AN_ORIGIN)
  if (odd.length > 0) return `must list origins such as "https://shop.example", and ${shown(odd[0])} is none`
  if (typeof credentials !== 'boolean') return 'must have true or false as credentials'
  if (credentials && isForAll) return 'must name its origins: browsers send no credentials to "*"'
  const isListed = Array.isArray(exposeHeaders) && oddOnes(exposeHeaders, A_HEADER).length === 0
  return isListed ? undefined : 'must have a list of header names as exposeHeaders'
}
