import type { Match } from './routes.ts'

/** An HTTP request as it arrived. */
export interface WireRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly target: string
  /** All header lines in order, as name, value, name, value; the format of Node's `rawHeaders`. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly sourceIp: string
}

export interface RequestFacts {
  readonly requestId: string
  /** Epoch milliseconds. */
  readonly now: number
  /** The context that a Lambda authorizer with simple responses adds. */
  readonly authorizer: Readonly<Record<string, string>>
}

export interface HttpApiEvent {
  readonly version: '2.0'
  readonly routeKey: string
  readonly rawPath: string
  readonly rawQueryString: string
  readonly cookies?: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly queryStringParameters?: Readonly<Record<string, string>>
  readonly pathParameters?: Readonly<Record<string, string>>
  readonly requestContext: Readonly<Record<string, unknown>>
  readonly body?: string
  readonly isBase64Encoded: boolean
}

/**
 * The event that API Gateway makes from a request: "Working with AWS Lambda proxy integrations for HTTP APIs", payload
 * format version 2.0.
 */
export const requestEvent = (request: WireRequest, match: Match, facts: RequestFacts): HttpApiEvent => {
  const { rawPath, rawQueryString } = splitTarget(request.target)
  const { cookie, ...headers } = joinedHeaders(request.rawHeaders)
  const { pathParameters } = match
  return {
    version: '2.0',
    routeKey: match.route.routeKey,
    rawPath,
    rawQueryString,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/[;,] */) }),
    headers: { ...headers, 'x-forwarded-for': request.sourceIp, 'x-forwarded-proto': 'http' },
    ...(rawQueryString === '' ? {} : { queryStringParameters: joinedQuery(rawQueryString) }),
    ...(Object.keys(pathParameters).length === 0 ? {} : { pathParameters }),
    requestContext: requestContext(request, match, facts, rawPath, headers),
    ...bodyOf(request.body, headers['content-type']),
  }
}

export const splitTarget = (target: string): { readonly rawPath: string; readonly rawQueryString: string } => {
  const mark = target.indexOf('?')
  return mark < 0
    ? { rawPath: target, rawQueryString: '' }
    : { rawPath: target.slice(0, mark), rawQueryString: target.slice(mark + 1) }
}

/** Header names become lower case; lines with the same name are joined with a comma. */
export const joinedHeaders = (rawHeaders: readonly string[]): Record<string, string> => {
  const lines: [string, string][] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    lines.push([rawHeaders[index]?.toLowerCase() ?? '', rawHeaders[index + 1] ?? ''])
  }
  return joined(lines)
}

const joinedQuery = (rawQueryString: string): Record<string, string> => joined(new URLSearchParams(rawQueryString))

const joined = (pairs: Iterable<[string, string]>): Record<string, string> => {
  const values = new Map<string, string>()
  for (const [name, value] of pairs) {
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before},${value}`)
  }
  return Object.fromEntries(values)
}

const requestContext = (
  { method, sourceIp }: WireRequest,
  { route }: Match,
  { requestId, now, authorizer }: RequestFacts,
  path: string,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> => ({
  accountId: '123456789012',
  apiId: 'local',
  authorizer: { lambda: authorizer },
  domainName: headers.host ?? 'localhost',
  domainPrefix: 'local',
  http: { method, path, protocol: 'HTTP/1.1', sourceIp, userAgent: headers['user-agent'] ?? '' },
  requestId,
  routeKey: route.routeKey,
  stage: '$default',
  time: commonLogTime(new Date(now)),
  timeEpoch: now,
})

/** For example `12/Mar/2026:19:03:58 +0000`. */
const commonLogTime = (date: Date): string => {
  const [, day, month, year, time] = date.toUTCString().split(' ')
  return `${day}/${month}/${year}:${time} +0000`
}

/** Media types that API Gateway passes on as text. It sends all others as base64, including forms. */
const TEXT = /^(text\/.*|application\/(.*\+)?(json|xml)|application\/javascript)$/

const bodyOf = (
  body: Buffer,
  contentType: string = 'text/plain',
): { readonly body?: string; readonly isBase64Encoded: boolean } => {
  if (body.length === 0) return { isBase64Encoded: false }
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  const text = TEXT.test(mediaType) ? utf8(body) : undefined
  return text === undefined
    ? { body: body.toString('base64'), isBase64Encoded: true }
    : { body: text, isBase64Encoded: false }
}

const utf8 = (body: Buffer): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return undefined
  }
}
