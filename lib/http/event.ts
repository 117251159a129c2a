import { IdempotencyError } from '../core/errors.ts'
import { isObject } from '../core/option-rules.ts'
import { DEFAULT, parametersOf, pathBelowBase } from './path.ts'

/** The event shapes that AWS gives an HTTP handler. */
export type EventKind = 'http-api' | 'rest-api' | 'function-url' | 'alb' | 'alb-multi-value' | 'lattice'

/** The bytes of the request, or what an earlier middleware has parsed them into. */
export type RequestBody =
  | { readonly kind: 'raw'; readonly body: string | Uint8Array | undefined }
  | { readonly kind: 'parsed'; readonly value: unknown }

/** What the layer needs of a request. It is read once, before the handler or another middleware can change the event. */
export interface HttpRequest {
  readonly kind: EventKind
  readonly method: string
  /** Without stage, base path and final slash, so it does not depend on the domain name of the request. */
  readonly path: string
  /** The path may begin with the key of an API mapping: the event does not say whether it does. */
  readonly baseUnknown: boolean
  /** The route's template if the event has a specific one, otherwise the path. */
  readonly route: string
  readonly pathParameters: Readonly<Record<string, string | undefined>>
  /** Names and values, sorted by name. The values of one name keep the order of the request. */
  readonly query: readonly (readonly [string, string])[]
  readonly body: RequestBody
  /** Every line of one header. Takes its name in lower case, whatever the case in the event. */
  headerLines(name: string): readonly string[]
}

type Multi = Readonly<Record<string, readonly string[] | undefined>> | null | undefined
type Single = Readonly<Record<string, string | undefined>> | null | undefined
/** Version 2.0 of VPC Lattice has lists of lines under names without `multiValue`. */
type Mixed = Single | Multi

/** The members that the layer reads, over all kinds. */
interface AnyEvent {
  readonly version?: string
  readonly routeKey?: string
  readonly rawPath?: string
  readonly rawQueryString?: string
  readonly httpMethod?: string
  readonly path?: string
  readonly resource?: string
  readonly headers?: Mixed
  readonly multiValueHeaders?: Multi
  readonly queryStringParameters?: Mixed
  readonly multiValueQueryStringParameters?: Multi
  readonly pathParameters?: Single
  /** Anything, after a body parser. */
  readonly body?: unknown
  readonly isBase64Encoded?: boolean
  readonly method?: string
  readonly raw_path?: string
  readonly query_string_parameters?: Single
  readonly is_base64_encoded?: boolean
  readonly methodArn?: string
  readonly routeArn?: string
  readonly requestContext?: {
    readonly elb?: unknown
    readonly serviceArn?: unknown
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

/** Middy's event normalizer gives every event an empty `multiValueQueryStringParameters`: then the other map counts. */
const parsedQuery = ({
  queryStringParameters: single,
  multiValueQueryStringParameters: multi,
}: AnyEvent): readonly (readonly [string, string])[] =>
  valuesOf(multi && Object.keys(multi).length > 0 ? multi : single)

const valuesOf = (map: Mixed): readonly (readonly [string, string])[] =>
  Object.entries(map ?? {}).flatMap(([name, values = '']) => [values].flat().map((value) => [name, value] as const))

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

/** Version 1.0 has other names. Its path may contain the query, which it has as a map too. */
const LATTICE: Accessors = {
  method: ({ method }) => method,
  path: ({ path, raw_path }) => path ?? raw_path?.split('?')[0],
  template: () => undefined,
  query: ({ queryStringParameters, query_string_parameters }) =>
    valuesOf(queryStringParameters ?? query_string_parameters),
}

/** A function URL has one route for everything (`$default`); ALB and VPC Lattice have none: their path tells operations apart. */
const ACCESSORS: Readonly<Record<EventKind, Accessors>> = {
  'http-api': { ...PAYLOAD_20, template: ({ routeKey }) => routeKey?.split(' ').at(-1) },
  'function-url': PAYLOAD_20,
  'rest-api': { ...PAYLOAD_10, template: ({ resource }) => resource },
  alb: PAYLOAD_10,
  'alb-multi-value': PAYLOAD_10,
  lattice: LATTICE,
}

/** Whether the event is of one of these kinds. Even then it may lack what a request needs. */
export const isHttpEvent = (given: unknown): boolean => isObject(given) && kindOf(given) !== undefined

/** Throws {@link IdempotencyError} `event-unsupported` if the event is of none of these kinds. */
export const readEvent = (given: unknown): HttpRequest => {
  const event: AnyEvent = isObject(given) ? given : {}
  const kind = kindOf(event)
  if (kind === undefined) throw unsupported()
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

const kindOf = (event: AnyEvent): EventKind | undefined => {
  const { requestContext, methodArn, routeArn } = event
  // An authorizer gets the request too, and its decision is no answer to it.
  if (methodArn !== undefined || routeArn !== undefined) return undefined
  if (requestContext?.elb !== undefined) return event.multiValueHeaders ? 'alb-multi-value' : 'alb'
  if (requestContext?.http !== undefined) return isFunctionUrl(requestContext) ? 'function-url' : 'http-api'
  if (event.httpMethod !== undefined) return 'rest-api'
  if (event.raw_path !== undefined || requestContext?.serviceArn !== undefined) return 'lattice'
  return undefined
}

const isFunctionUrl = ({ domainName }: { readonly domainName?: string }): boolean =>
  domainName?.includes('.lambda-url.') ?? false

/** `$default` and greedy parameters match anything: under them two operations would share one route. */
const isSpecific = (template: string): boolean => template !== DEFAULT && !template.includes('+}')

const isExecuteApi = ({ requestContext }: AnyEvent): boolean =>
  requestContext?.domainName?.includes('.execute-api.') ?? true

const bodyOf = ({ body, is_base64_encoded, isBase64Encoded = is_base64_encoded }: AnyEvent): RequestBody => {
  if (body === undefined || body === null) return { kind: 'raw', body: undefined }
  if (body instanceof Uint8Array) return { kind: 'raw', body }
  if (typeof body !== 'string') return { kind: 'parsed', value: body }
  if (isBase64Encoded !== true) return { kind: 'raw', body }
  const bytes = Buffer.from(body, 'base64')
  // A middleware may have decoded the body and left the flag. What is not Base64 counts as it is, every character of it.
  return bytes.toString('base64') === body ? { kind: 'raw', body: bytes } : { kind: 'parsed', value: body }
}

/**
 * Copies the lines at once: a handler may change `event.headers` later. A front that fills both maps puts one of the lines
 * into `headers`. A line that only `headers` has was set by a middleware, and counts.
 */
const readHeaders = ({ headers, multiValueHeaders }: AnyEvent): ((name: string) => readonly string[]) => {
  const [single, many] = [linesIn(headers), linesIn(multiValueHeaders)]
  return (name) => {
    const lines = many(name)
    const set = single(name).filter((line) => !lines.includes(line))
    return set.length > 0 ? set : lines
  }
}

const linesIn = (map: Mixed): ((name: string) => readonly string[]) => {
  const lines = new Map<string, string[]>()
  for (const [name, value] of Object.entries(map ?? {})) {
    const lowerCase = name.toLowerCase()
    const known = lines.get(lowerCase) ?? []
    known.push(...[value ?? []].flat().map(String))
    lines.set(lowerCase, known)
  }
  return (name) => lines.get(name) ?? []
}

const unsupported = (): IdempotencyError =>
  new IdempotencyError(
    'event-unsupported',
    'The event is not from an HTTP API, a REST API, a function URL, an Application Load Balancer or VPC Lattice',
  )
