import { IdempotencyError } from '../core/errors.ts'
import { isObject } from '../core/option-rules.ts'
import { DEFAULT, parametersOf, pathBelowBase } from './path.ts'

/** The event shapes that AWS gives an HTTP handler. */
export type EventKind = 'http-api' | 'rest-api' | 'function-url' | 'alb' | 'alb-multi-value'

/** The bytes that came, or what a middleware before ours has made of them already. */
export type RequestBody =
  | { readonly kind: 'raw'; readonly body: string | Uint8Array | undefined }
  | { readonly kind: 'parsed'; readonly value: unknown }

/** What idempotency needs of a request, read once, before a handler or middleware can change the event. */
export interface HttpRequest {
  readonly kind: EventKind
  readonly method: string
  /** Below the stage and the base path, without a slash at its end: the same however the API is reached. */
  readonly path: string
  /** The path may begin with the key of an API mapping, which the event does not tell. */
  readonly baseUnknown: boolean
  /** The route's template where the event has a specific one, else the path. */
  readonly route: string
  readonly pathParameters: Readonly<Record<string, string | undefined>>
  /** Name and value, sorted by name, in the order of the request within one name. */
  readonly query: readonly (readonly [string, string])[]
  readonly body: RequestBody
  /** Every line of one header, whatever the case of its name. */
  headerLines(name: string): readonly string[]
}

type Multi = Readonly<Record<string, readonly string[] | undefined>> | null | undefined
type Single = Readonly<Record<string, string | undefined>> | null | undefined

/** The members that are looked at, over all kinds. */
interface AnyEvent {
  readonly version?: string
  readonly routeKey?: string
  readonly rawPath?: string
  readonly rawQueryString?: string
  readonly httpMethod?: string
  readonly path?: string
  readonly resource?: string
  readonly headers?: Single
  readonly multiValueHeaders?: Multi
  readonly queryStringParameters?: Single
  readonly multiValueQueryStringParameters?: Multi
  readonly pathParameters?: Single
  /** Behind a body parser: anything. */
  readonly body?: unknown
  readonly isBase64Encoded?: boolean
  readonly requestContext?: {
    readonly elb?: unknown
    readonly domainName?: string
    readonly http?: { readonly method?: string }
    readonly stage?: string
  }
}

interface Accessors {
  readonly method: (event: AnyEvent) => string | undefined
  readonly path: (event: AnyEvent) => string | undefined
  readonly template: (event: AnyEvent) => string | undefined
  readonly query: (event: AnyEvent) => readonly (readonly [string, string])[]
}

const rawQuery = ({ rawQueryString = '' }: AnyEvent): readonly (readonly [string, string])[] =>
  rawQueryString
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    })

/** Middy's event normalizer gives every event an empty map of several values: it says nothing about the other one. */
const parsedQuery = ({
  queryStringParameters: single,
  multiValueQueryStringParameters: multi,
}: AnyEvent): readonly (readonly [string, string])[] =>
  multi && Object.keys(multi).length > 0
    ? Object.entries(multi).flatMap(([name, values = []]) => values.map((value) => [name, value] as const))
    : Object.entries(single ?? {}).map(([name, value = '']) => [name, value])

const PAYLOAD_20: Accessors = {
  method: ({ requestContext }) => requestContext?.http?.method,
  path: ({ rawPath }) => rawPath,
  template: () => undefined,
  query: rawQuery,
}

const PAYLOAD_10: Accessors = {
  ...PAYLOAD_20,
  method: ({ httpMethod }) => httpMethod,
  path: ({ path }) => path,
  query: parsedQuery,
}

/** A function URL has one route for everything (`$default`) and an ALB has none: their path tells operations apart. */
const ACCESSORS: Readonly<Record<EventKind, Accessors>> = {
  'http-api': { ...PAYLOAD_20, template: ({ routeKey }) => routeKey?.split(' ').at(-1) },
  'function-url': PAYLOAD_20,
  'rest-api': { ...PAYLOAD_10, template: ({ resource }) => resource },
  alb: PAYLOAD_10,
  'alb-multi-value': PAYLOAD_10,
}

/** Throws {@link IdempotencyError} `event-unsupported` where the event is none of the five kinds. */
export const readEvent = (given: unknown): HttpRequest => {
  const event: AnyEvent = isObject(given) ? given : {}
  const kind = kindOf(event)
  const accessors = ACCESSORS[kind]
  const method = accessors.method(event)
  const path = accessors.path(event)
  if (method === undefined || path === undefined) throw unsupported()
  const template = accessors.template(event)
  const parameters = event.pathParameters ?? {}
  const ownPath = pathBelowBase({ path, template, parameters, stage: event.requestContext?.stage })
  return {
    kind,
    method: method.toUpperCase(),
    path: ownPath,
    baseUnknown: template === DEFAULT && kind === 'rest-api' && !isExecuteApi(event),
    route: template !== undefined && isSpecific(template) ? template : ownPath,
    pathParameters: parametersOf(template, parameters),
    query: [...accessors.query(event)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
    body: bodyOf(event),
    headerLines: readHeaders(event),
  }
}

const kindOf = (event: AnyEvent): EventKind => {
  const { requestContext } = event
  if (requestContext?.elb !== undefined) return event.multiValueHeaders ? 'alb-multi-value' : 'alb'
  if (requestContext?.http !== undefined) return isFunctionUrl(requestContext) ? 'function-url' : 'http-api'
  if (event.httpMethod !== undefined) return 'rest-api'
  throw unsupported()
}

const isFunctionUrl = ({ domainName }: { readonly domainName?: string }): boolean =>
  domainName?.includes('.lambda-url.') ?? false

/** `$default` and greedy parameters match anything: under them two operations would share one route. */
const isSpecific = (template: string): boolean => template !== DEFAULT && !template.includes('+}')

const isExecuteApi = ({ requestContext }: AnyEvent): boolean =>
  requestContext?.domainName?.includes('.execute-api.') ?? true

const bodyOf = ({ body, isBase64Encoded }: AnyEvent): RequestBody => {
  if (body === undefined || body === null) return { kind: 'raw', body: undefined }
  if (body instanceof Uint8Array) return { kind: 'raw', body }
  if (typeof body !== 'string') return { kind: 'parsed', value: body }
  if (isBase64Encoded !== true) return { kind: 'raw', body }
  const bytes = Buffer.from(body, 'base64')
  // A middleware may have decoded the body and left the flag: what is not Base64 is taken as it is, and wholly.
  return bytes.toString('base64') === body ? { kind: 'raw', body: bytes } : { kind: 'parsed', value: body }
}

/**
 * Copies the lines now: what a handler does to `event.headers` later is not the client's word. A front that fills both
 * maps puts one of the lines into `headers`; what stands only there, a middleware has set.
 */
const readHeaders = ({ headers, multiValueHeaders }: AnyEvent): ((name: string) => readonly string[]) => {
  const [single, many] = [linesIn(headers), linesIn(multiValueHeaders)]
  return (name) => {
    const lines = many(name)
    const set = single(name).filter((line) => !lines.includes(line))
    return set.length > 0 ? set : lines
  }
}

const linesIn = (map: Single | Multi): ((name: string) => readonly string[]) => {
  const entries = Object.entries(map ?? {}).map(
    ([name, value]) => [name.toLowerCase(), [value ?? []].flat().map(String)] as const,
  )
  return (name) => entries.filter(([given]) => given === name).flatMap(([, lines]) => lines)
}

const unsupported = (): IdempotencyError =>
  new IdempotencyError(
    'event-unsupported',
    'The event is not from an HTTP API, a REST API, a function URL or an Application Load Balancer',
  )
