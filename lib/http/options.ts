import { aTenant, type TenantChoice } from '../core/identity/tenant.ts'
import {
  aFunction,
  checkOptions,
  integerBetween,
  isObject,
  oneOf,
  onlyMember,
  type Rule,
  type Rules,
} from '../core/option-rules.ts'
import { COMMON_RULES, type CommonOptions, readSettings } from '../core/options.ts'
import { type AnswerPolicy, storeSuccess } from '../core/outcome/outcome-policy.ts'
import type { Settings } from '../core/settings.ts'
import { fromSeconds, type Millis } from '../core/time.ts'
import type { Cors } from './cors.ts'
import type { HeaderProfile } from './key-header.ts'
import type { Problem } from './problem.ts'
import { type HeaderFilter, headerFilter, type ReplayHeaders } from './replay-headers.ts'

export interface HttpOptions<TEvent> extends CommonOptions {
  /**
   * Whose key it is. A function of the event, which may be asynchronous, or the literal `'single-tenant'`. An undefined or
   * empty answer is the error `scope-missing` (500): a tenant that was forgotten must not become a tenant that all share.
   * An error with `expose: true` and a 4xx `statusCode`, thrown or returned, is the client's answer: see docs/http.md.
   */
  readonly tenant: TenantChoice<TEvent>
  /**
   * Where the key comes from. Default `{ header: 'compat' }`: the header `Idempotency-Key`, quoted or raw.
   * `{ header: 'strict' }`: quoted only. Or a function of the event; `undefined`, `null` or empty counts as missing, and
   * an integer as its decimal text. Anything else is the error `scope-missing` (500).
   */
  readonly key?:
    | { readonly header: HeaderProfile }
    | ((event: TEvent) => string | number | null | undefined)
    | undefined
  /** A request without a key. `'reject'` (default): 400. `'pass'`: it runs each time, outside the guarantee. */
  readonly missingKey?: 'reject' | 'pass' | undefined
  /** A request whose key is in progress. `'reject'` (default): 409. Or wait up to 1 to 25 seconds for the answer. */
  readonly inProgress?: 'reject' | { readonly waitSeconds: number } | undefined
  /**
   * Which answers are stored: a pure function of the whole answer, or a preset. Default `storeSuccess`: 2xx and 3xx; a 4xx
   * releases the key, a 5xx abandons it. An answer that its handler marked with `release` or `abandon` is not asked about.
   */
  readonly outcomes?: AnswerPolicy | undefined
  /**
   * What the fingerprint covers besides method, route and path parameters: any JSON value. Default: query and body.
   * The same key with another payload is `key-reused` (422).
   */
  readonly payload?: ((event: TEvent) => unknown) | undefined
  /** Methods that are protected. Default `['POST', 'PATCH']`; `'PUT'` and `'DELETE'` on request. */
  readonly methods?: readonly ('POST' | 'PATCH' | 'PUT' | 'DELETE')[] | undefined
  /**
   * Whether a request is likely a retry of one that is done, such as by a header that your clients add to retries: then
   * the record is read before it is claimed, which costs a tenth of a refused write or less, and one round trip more
   * where there is nothing to replay. It is only a hint: whatever it answers, the guarantee is the same.
   */
  readonly likelyReplay?: ((event: TEvent) => boolean) | undefined
  /**
   * The route, where a router inside the function knows it better than the event. It may be a template, since the path
   * below stage and base path counts too: the same key for another path of one route is `key-reused` (422).
   */
  readonly route?: ((event: TEvent) => string) | undefined
  /** Headers of the answer that are not stored (`deny`, besides the built-in list), or the only ones that are (`allow`). */
  readonly replayHeaders?: ReplayHeaders | undefined
  /**
   * Lets scripts of other origins read first answers, replays and problems. An answer that already allows an origin is left
   * alone. Not needed where the gateway, or a middleware outside of `idempotent`, adds these headers.
   * It does not answer preflights, and does not touch methods that pass through.
   */
  readonly cors?: Cors | undefined
  /** Page that describes the problems: sent as `Link: <docsUrl#code>; rel="describedby"`. */
  readonly docsUrl?: string | undefined
  /** Answers problems in your own envelope. */
  readonly problem?: ((problem: Problem, event: TEvent) => unknown) | undefined
}

/** The options that are used as they are given. */
type AsGiven<TEvent> = Pick<
  HttpOptions<TEvent>,
  'tenant' | 'payload' | 'likelyReplay' | 'route' | 'cors' | 'docsUrl' | 'problem'
>

/** {@link HttpOptions}, checked, with defaults. */
export interface HttpSettings<TEvent> extends AsGiven<TEvent> {
  readonly core: Settings
  readonly key: NonNullable<HttpOptions<TEvent>['key']>
  readonly missingKey: 'reject' | 'pass'
  readonly wait: Millis | undefined
  readonly outcomes: AnswerPolicy
  readonly methods: ReadonlySet<string>
  readonly filter: HeaderFilter
}

const METHODS = ['POST', 'PATCH', 'PUT', 'DELETE'] as const

const aKey: Rule = (value) =>
  typeof value === 'function' || oneOf('strict', 'compat')(onlyMember(value, 'header')) === undefined
    ? undefined
    : 'must be { header: "compat" }, { header: "strict" }, or a function of the event'

/** API Gateway gives up after 29 or 30 seconds; a caller that waits longer than 25 gets no answer of ours. */
const aWait: Rule = (value) =>
  value === 'reject' || integerBetween(1, 25)(onlyMember(value, 'waitSeconds')) === undefined
    ? undefined
    : 'must be "reject", or { waitSeconds } with an integer from 1 to 25'

const someMethods: Rule = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((method) => oneOf(...METHODS)(method) === undefined)
    ? undefined
    : `must be a list of one or more of ${METHODS.join(', ')}: the others are safe to repeat, and pass through`

const someHeaders: Rule = (value) => {
  const names = onlyMember(value, 'deny') ?? onlyMember(value, 'allow')
  const fits = Array.isArray(names) && names.every((name) => typeof name === 'string')
  return fits ? undefined : 'must be { deny: [names] } or { allow: [names] }'
}

const aUrl: Rule = (value) =>
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
  inProgress: { rule: aWait },
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
    key,
    missingKey,
    outcomes,
    wait: typeof inProgress === 'object' ? fromSeconds(inProgress.waitSeconds) : undefined,
    methods: new Set(methods ?? ['POST', 'PATCH']),
    filter: headerFilter(options.replayHeaders),
  }
}
