/** A client's request, from which a gateway makes an event. */
export interface Sent {
  readonly method?: string
  readonly path?: string
  /** The gateway's template for the path. `undefined` for the routes `$default` and `{proxy+}`. */
  readonly template?: string | undefined
  readonly pathParameters?: Readonly<Record<string, string>>
  readonly query?: string
  /** One entry per header line. A name may appear twice. */
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string
  readonly isBase64Encoded?: boolean
  readonly merchantId?: string
}

/** Loose on purpose: one type for all kinds of events. */
export interface TestEvent {
  readonly [member: string]: unknown
  headers?: Record<string, string>
  multiValueHeaders?: Record<string, string[]>
  body: string | null | undefined
  requestContext: { [member: string]: unknown; authorizer?: { lambda?: { merchantId?: string } } }
}

const joined = (lines: readonly (readonly [string, string])[], last = false): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (const [name, value] of lines)
    headers[name] = headers[name] === undefined || last ? value : `${headers[name]}, ${value}`
  return headers
}

const multi = (lines: readonly (readonly [string, string])[]): Record<string, string[]> => {
  const headers: Record<string, string[]> = {}
  for (const [name, value] of lines) headers[name] = [...(headers[name] ?? []), value]
  return headers
}

const authorizer = ({ merchantId = 'm-1' }: Sent): { lambda: { merchantId: string } } => ({ lambda: { merchantId } })

const payload20 = (sent: Sent, domainName: string): TestEvent => {
  const { method = 'POST', path = '/payments', query = '', headers = [], body, isBase64Encoded = false } = sent
  const template = 'template' in sent ? sent.template : path
  return {
    version: '2.0',
    routeKey: template === undefined ? '$default' : `${method} ${template}`,
    rawPath: path,
    rawQueryString: query,
    headers: joined(headers.map(([name, value]) => [name.toLowerCase(), value])),
    ...(sent.pathParameters === undefined ? {} : { pathParameters: sent.pathParameters }),
    requestContext: { domainName, http: { method, path }, stage: '$default', authorizer: authorizer(sent) },
    body,
    isBase64Encoded,
  }
}

const queryOf = (query: string): Record<string, string[]> | null => {
  if (query === '') return null
  const parsed: Record<string, string[]> = {}
  for (const [name, value] of new URLSearchParams(query)) parsed[name] = [...(parsed[name] ?? []), value]
  return parsed
}

export const EVENT_MAKERS = {
  'http-api': (sent: Sent): TestEvent => payload20(sent, 'abc123.execute-api.us-east-1.amazonaws.com'),

  'function-url': (sent: Sent): TestEvent =>
    payload20({ ...sent, template: undefined }, 'abc123.lambda-url.us-east-1.on.aws'),

  'rest-api': (sent: Sent): TestEvent => {
    const { method = 'POST', path = '/payments', query = '', headers = [], body, isBase64Encoded = false } = sent
    return {
      resource: 'template' in sent ? (sent.template ?? '/{proxy+}') : path,
      path,
      httpMethod: method,
      headers: joined(headers, true),
      multiValueHeaders: multi(headers),
      multiValueQueryStringParameters: queryOf(query),
      pathParameters: sent.pathParameters ?? null,
      requestContext: { resourcePath: path, stage: 'prod', authorizer: authorizer(sent) },
      body: body ?? null,
      isBase64Encoded,
    }
  },

  alb: (sent: Sent): TestEvent => {
    const { method = 'POST', path = '/payments', query = '', headers = [], body = '', isBase64Encoded = false } = sent
    return {
      requestContext: { elb: { targetGroupArn: 'arn' }, authorizer: authorizer(sent) },
      httpMethod: method,
      path,
      queryStringParameters: Object.fromEntries(new URLSearchParams(query)),
      headers: joined(
        headers.map(([name, value]) => [name.toLowerCase(), value]),
        true,
      ),
      body,
      isBase64Encoded,
    }
  },

  'alb-multi-value': (sent: Sent): TestEvent => {
    const { method = 'POST', path = '/payments', query = '', headers = [], body = '', isBase64Encoded = false } = sent
    return {
      requestContext: { elb: { targetGroupArn: 'arn' }, authorizer: authorizer(sent) },
      httpMethod: method,
      path,
      multiValueQueryStringParameters: queryOf(query) ?? {},
      multiValueHeaders: multi(headers.map(([name, value]) => [name.toLowerCase(), value])),
      body,
      isBase64Encoded,
    }
  },

  // https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html#receive-event-from-service
  lattice: (sent: Sent): TestEvent => {
    const { method = 'POST', path = '/payments', query = '', headers = [], body, isBase64Encoded = false } = sent
    return {
      version: '2.0',
      path,
      method,
      headers: multi(headers.map(([name, value]) => [name.toLowerCase(), value])) as never,
      queryStringParameters: queryOf(query) ?? {},
      requestContext: { serviceArn: 'arn', targetGroupArn: 'arn', region: 'eu-west-1', authorizer: authorizer(sent) },
      body,
      isBase64Encoded,
    }
  },

  'lattice-v1': (sent: Sent): TestEvent => {
    const { method = 'POST', path = '/payments', query = '', headers = [], body, isBase64Encoded = false } = sent
    return {
      raw_path: query === '' ? path : `${path}?${query}`,
      method,
      headers: joined(headers.map(([name, value]) => [name.toLowerCase(), value])),
      query_string_parameters: Object.fromEntries(new URLSearchParams(query)),
      // The service sends none; the handlers of these tests read their merchant there.
      requestContext: { authorizer: authorizer(sent) },
      body,
      is_base64_encoded: isBase64Encoded,
    }
  },
} as const

export type TestEventKind = keyof typeof EVENT_MAKERS

export const EVENT_KINDS: readonly TestEventKind[] = [
  'http-api',
  'function-url',
  'rest-api',
  'alb',
  'alb-multi-value',
  'lattice',
  'lattice-v1',
]

/** The event of an HTTP API for a request with a key and a JSON body. */
export const payment = (key: string | undefined, body: unknown = { amount: 1999 }, over: Sent = {}): TestEvent =>
  EVENT_MAKERS['http-api']({
    headers: key === undefined ? [] : [['Idempotency-Key', key]],
    body: JSON.stringify(body),
    ...over,
  })

/** A Lambda context with time left. */
export const contextWith = (remaining = 10_000): { getRemainingTimeInMillis: () => number } => ({
  getRemainingTimeInMillis: () => remaining,
})
