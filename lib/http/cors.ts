import { checkOptions, OptionError, type Rule, type Rules, shown } from '../core/option-rules.ts'
import { type Headers, headersIn, isNamed, linesNamed, without } from './headers.ts'

/** The scripts of other origins that may read the answers. Made by {@link allowOrigins}. */
export interface Cors {
  /** Adds the CORS headers for a request of this origin to those of its answer. */
  readonly addTo: (headers: Headers, origin: string | undefined) => Headers
}

export interface CorsOptions {
  /**
   * Origins as browsers send them, such as `https://shop.example`: scheme, host and, if it is not the default, port. Or
   * `['*']` for all.
   */
  readonly origins: readonly string[]
  /**
   * Sends `Access-Control-Allow-Credentials: true`. Browsers refuse that for `'*'`, so `true` needs named origins.
   * @default false
   */
  readonly credentials?: boolean | undefined
  /**
   * More headers that a script may read, in addition to the layer's, `Link`, `Location` and `Retry-After`.
   * @default none
   */
  readonly exposeHeaders?: readonly string[] | undefined
}

const WHERE = 'allowOrigins(options)'

/** What the layer adds, and what a client of it reads. Without this list a browser shows a script none of them. */
const EXPOSED = ['Idempotency-Status', 'Idempotent-Replayed', 'Link', 'Location', 'Retry-After']

/**
 * For the option `cors`: lets scripts of these origins read first answers, replays and problems.
 *
 * Throws `OptionError` at once for options that cannot be right.
 *
 * @example
 * idempotent(createPayment, { store, operation, tenant, cors: allowOrigins({ origins: ['https://shop.example'] }) })
 */
export const allowOrigins = (options: CorsOptions): Cors => {
  checkOptions(WHERE, options, RULES)
  const { credentials, exposeHeaders = [] } = options
  const origins = new Set(options.origins)
  const isForAll = origins.has('*')
  if (credentials && isForAll)
    throw new OptionError(WHERE, 'credentials', 'is true; it must be false under origins: ["*"], as browsers require')
  const facts = {
    'Access-Control-Expose-Headers': [...EXPOSED, ...exposeHeaders].join(', '),
    ...(credentials && { 'Access-Control-Allow-Credentials': 'true' }),
  }
  const headersFor = (origin = ''): CorsHeaders => {
    if (isForAll) return { 'Access-Control-Allow-Origin': '*', ...facts }
    return origins.has(origin) ? { 'Access-Control-Allow-Origin': origin, ...facts, ...VARY } : VARY
  }
  return { addTo: (headers, origin) => withCors(headers, headersFor(origin)) }
}

type CorsHeaders = Readonly<Record<string, string>>

/** Keeps a cache from giving one origin the answer for another. */
const VARY: CorsHeaders = { Vary: 'Origin' }

/** An answer that already allows an origin is left alone. */
const withCors = (headers: Headers, cors: CorsHeaders): Headers => {
  if (linesNamed(headers, 'access-control-allow-origin').length > 0) return headers
  const own = headersIn(cors, true)
  return [...(cors.Vary ? headers.map(varying) : headers), ...without(own, headers)]
}

const varying = (header: Headers[number]): Headers[number] => {
  const [name, value] = header
  if (!isNamed(header, 'vary') || /(^|,)\s*(origin|\*)\s*(,|$)/i.test(String(value))) return header
  return [name, typeof value === 'string' ? `${value}, Origin` : [...value, 'Origin']]
}

/** As in the header `Origin`: a scheme, a host, perhaps a port, and nothing after them. No browser sends a pattern. */
const AN_ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@*,A-Z]+$/

/** A token of RFC 9110, section 5.6.2. */
const A_HEADER = /^[\w!#$%&'*+.^`|~-]+$/

const oddOnes = (list: readonly unknown[], pattern: RegExp): readonly unknown[] =>
  list.filter((item) => typeof item !== 'string' || !pattern.test(item))

const someOrigins: Rule = (value) => {
  if (!Array.isArray(value) || value.length === 0) return 'must list one or more origins, or be ["*"]'
  const odd = value.join() === '*' ? [] : oddOnes(value, AN_ORIGIN)
  return odd.length > 0 ? `must list origins such as "https://shop.example", and ${shown(odd[0])} is none` : undefined
}

const RULES: Rules = {
  origins: { required: true, rule: someOrigins },
  credentials: { rule: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false') },
  exposeHeaders: {
    rule: (value) =>
      Array.isArray(value) && oddOnes(value, A_HEADER).length === 0 ? undefined : 'must be a list of header names',
  },
}
