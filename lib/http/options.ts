import { aTenant, type TenantChoice } from '../core/identity/tenant.ts'
import { DEFAULT_METHODS, METHODS } from '../core/limits.ts'
import { aFunction, checkOptions, isObject, oneOf, onlyMember, type Rule, type Rules } from '../core/option-rules.ts'
import {
  aWaitChoice,
  COMMON_RULES,
  type CommonOptions,
  readSettings,
  type WaitChoice,
  waitOf,
} from '../core/options.ts'
import { type AnswerPolicy, storeSuccess } from '../core/outcome/outcome-policy.ts'
import type { Settings } from '../core/settings.ts'
import type { Millis } from '../core/time.ts'
import type { Cors } from './cors.ts'
import { isProfile, type KeyHeader, type KeyHeaderChoice, keyHeader } from './key-header.ts'
import type { Problem } from './problem.ts'
import { type HeaderFilter, headerFilter, type ReplayHeaders } from './replay-headers.ts'

/** The options of `idempotent` and `idempotency`, in addition to {@link CommonOptions}. */
export interface HttpOptions<TEvent> extends CommonOptions<TEvent> {
  /**
   * Whose key it is: two tenants never share a record. A function of the event, which may be asynchronous, or the literal
   * `'single-tenant'`. The client gets the error `scope-missing` (500) if the answer is undefined or empty, because a
   * forgotten tenant must not become one tenant for all.
   *
   * To refuse the client, throw or return an error with `expose: true` and a 4xx `statusCode`: see docs/http.md.
   *
   * @example
   * tenant: (event) => event.requestContext.authorizer?.lambda?.merchantId
   */
  readonly tenant: TenantChoice<TEvent>
  /**
   * Where the key comes from: a header, or a function of the event.
   *
   * - `{ header: 'compat' }`: the header `Idempotency-Key`, quoted or raw.
   * - `{ header: 'strict' }`: the same, quoted only (draft-ietf-httpapi-idempotency-key-header-07).
   * - `{ header: 'X-Idempotency-Key', profile: 'compat' }`: the header of this name, in any case; or by the profile `'strict'`.
   * - A function: `undefined`, `null` and the empty text count as missing; an integer counts as its decimal text. Anything
   *   else but a text is the error `scope-missing` (500).
   *
   * A key has at most 255 characters. Otherwise the client gets `key-invalid` (400).
   *
   * @default { header: 'compat' }
   */
  readonly key?: KeyHeaderChoice | ((event: TEvent) => string | number | null | undefined) | undefined
  /**
   * What happens to a request without a key. `'reject'`: `key-missing` (400). `'pass'`: the handler runs each time, without
   * a claim.
   * @default 'reject'
   */
  readonly missingKey?: 'reject' | 'pass' | undefined
  /**
   * What happens to a request while another with its key runs. `'reject'`: `in-progress` (409). `{ waitSeconds }`, an
   * integer from 1 to 25: it waits that long for the other's answer, and is refused after that.
   * @default 'reject'
   */
  readonly inProgress?: WaitChoice | undefined
  /**
   * Which answers are stored: `storeSuccess`, `storeDeterministic`, `storeEverything`, `graphql`, or your own pure function
   * of the whole answer. It is not called for an answer that the handler marked with `release` or `abandon`.
   * @default storeSuccess: stores a 2xx and 3xx; a 4xx releases the key, a 5xx abandons it
   */
  readonly outcomes?: AnswerPolicy | undefined
  /**
   * What the fingerprint covers in addition to method, route and path parameters: a function that answers any JSON value.
   * The same key with another payload is `key-reused` (422). A value that JSON cannot hold is `payload-invalid` (500).
   * @default query and body
   * @example
   * payload: (event) => { const { amount, currency } = JSON.parse(event.body); return { amount, currency } }
   */
  readonly payload?: ((event: TEvent) => unknown) | undefined
  /**
   * The methods that are protected. All others pass through to the handler.
   * @default ['POST', 'PATCH']
   */
  readonly methods?: readonly ('POST' | 'PATCH' | 'PUT' | 'DELETE')[] | undefined
  /**
   * What happens to an event that is not an HTTP request, such as a direct invocation or a batch of a queue, if one
   * function serves both. `'reject'`: `event-unsupported` is thrown. `'pass'`: the handler gets it, without a claim. Wrap
   * what it does then in `once` or `sqsHandler`.
   * @default 'reject'
   */
  readonly otherEvents?: 'reject' | 'pass' | undefined
  /**
   * Whether the request is likely a retry of one that has ended, for example because your clients send a header with
   * retries. If it answers `true`, the layer reads the record before it claims it. A replay then costs a tenth of a refused
   * write or less; a first call costs one round trip more. It is only a hint: the guarantee does not depend on it.
   * @default no request is
   */
  readonly likelyReplay?: ((event: TEvent) => boolean) | undefined
  /**
   * The route, if a router inside the function knows it better than the event. It may be a template, because the path below
   * stage and base path counts too: the same key for another path of the route is `key-reused` (422). An answer that is
   * not a text, or is empty, is `scope-missing` (500).
   * @default the route's template if the event has a specific one, otherwise the path
   */
  readonly route?: ((event: TEvent) => string) | undefined
  /**
   * Which headers of the answer are stored and replayed. `{ deny }`: all but these and the built-in list (`Set-Cookie`,
   * `Date`, request ids and the like). `{ allow }`: only these.
   * @default { deny: [] }
   */
  readonly replayHeaders?: ReplayHeaders | undefined
  /**
   * Lets scripts of other origins read first answers, replays and problems: `allowOrigins({ origins })`. An answer that
   * already allows an origin is left alone. It does not answer preflights, and does not touch methods that pass through.
   * You do not need it if the gateway, or a middleware outside of `idempotent`, adds these headers.
   * @default no headers
   */
  readonly cors?: Cors | undefined
  /**
   * The URL of a page that describes the problems: http or https, without a fragment. It is sent as
   * `Link: <docsUrl#code>; rel="describedby"`.
   * @default no header
   */
  readonly docsUrl?: string | undefined
  /**
   * Makes the answer to a problem, in your own envelope. If it answers `undefined` or `null`, the layer's own answer is
   * sent.
   * @default `application/problem+json` (RFC 9457)
   * @example
   * problem: ({ status, headers, body }) => ({ statusCode: status, headers, body: JSON.stringify({ error: body.code }) })
   */
  readonly problem?: ((problem: Problem, event: TEvent) => unknown) | undefined
}

/** The options that are used as they are given. */
type AsGiven<TEvent> = Pick<
  HttpOptions<TEvent>,
  'abandoned' | 'predecessor' | 'tenant' | 'payload' | 'likelyReplay' | 'route' | 'cors' | 'docsUrl' | 'problem'
>

/** {@link HttpOptions}, checked, with defaults. */
export interface HttpSettings<TEvent> extends AsGiven<TEvent> {
  readonly core: Settings
  readonly key: KeyHeader | ((event: TEvent) => string | number | null | undefined)
  readonly otherEvents: 'reject' | 'pass'
  readonly missingKey: 'reject' | 'pass'
  readonly wait: Millis | undefined
  readonly outcomes: AnswerPolicy
  readonly methods: ReadonlySet<string>
  readonly filter: HeaderFilter
}

/** The name of a field (RFC 9110, section 5.1). */
const FIELD_NAME = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/

const aKey: Rule = (value) =>
  typeof value === 'function' || isKeyHeader(value)
    ? undefined
    : 'must be { header: "compat" }, { header: "strict" }, { header: name, profile: "compat" or "strict" }, or a function of the event'

/** A name without a profile is refused: it may be a profile that is spelled wrong. */
const isKeyHeader = (value: unknown): boolean => {
  if (isProfile(onlyMember(value, 'header'))) return true
  if (!isObject(value)) return false
  const { header, profile, ...others } = value
  return typeof header === 'string' && FIELD_NAME.test(header) && isProfile(profile) && Object.keys(others).length === 0
}

const someMethods: Rule = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((method) => oneOf(...METHODS)(method) === undefined)
    ? undefined
    : `must be a list of one or more of ${METHODS.join(', ')}: the others are safe to repeat, and pass through`

const someHeaders: Rule = (value) => {
  const names = onlyMember(value, 'deny') ?? onlyMember(value, 'allow')
  const fits = Array.isArray(names) && names.every((name) => typeof name === 'string')
  return fits ? undefined : 'must be { deny: [names] } or { allow: [names] }'
}

export const aUrl: Rule = (value) =>
  typeof value === 'string' && /^https?:\/\/[^\s<>#]+$/.test(value)
    ? undefined
    : 'must be an http(s) URL without a fragment'

const aCors: Rule = (value) =>
  isObject(value) && typeof value.addTo === 'function' ? undefined : 'must be made by allowOrigins({ origins })'

const HTTP_RULES: Rules = {
  ...COMMON_RULES,
  tenant: { required: true, rule: aTenant('event') },
  key: { rule: aKey },
  missingKey: { rule: oneOf('reject', 'pass') },
  inProgress: { rule: aWaitChoice },
  otherEvents: { rule: oneOf('reject', 'pass') },
  outcomes: { rule: aFunction },
  payload: { rule: aFunction },
  methods: { rule: someMethods },
  likelyReplay: { rule: aFunction },
  route: { rule: aFunction },
  replayHeaders: { rule: someHeaders },
  cors: { rule: aCors },
  docsUrl: { rule: aUrl },
  problem: { rule: aFunction },
}

export const readHttpSettings = <TEvent>(
  where: string,
  options: HttpOptions<TEvent>,
  more: Rules = {},
): HttpSettings<TEvent> => {
  checkOptions(where, options, { ...HTTP_RULES, ...more })
  const { key = { header: 'compat' }, missingKey = 'reject', outcomes = storeSuccess, inProgress, methods } = options
  return {
    ...options,
    core: readSettings(where, options),
    key: typeof key === 'function' ? key : keyHeader(key),
    missingKey,
    otherEvents: options.otherEvents ?? 'reject',
    outcomes,
    wait: waitOf(inProgress),
    methods: new Set(methods ?? DEFAULT_METHODS),
    filter: headerFilter(options.replayHeaders),
  }
}
