import fc from 'fast-check'
import { readEvent } from '../../lib/http/event.ts'
import { idempotent } from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, type TestEvent } from '../support/http-events.ts'
import { type Answered, answered, errorsLogged } from '../support/http-harness.ts'

/** One domain name of an API, and the path that its events have. */
interface Reach {
  readonly domainName: string
  /** What comes before the path. */
  readonly base: string
}

const EXECUTE_API = 'abc123.execute-api.eu-west-1.amazonaws.com'
const CUSTOM = 'api.example.com'

interface Sent {
  readonly template: string
  readonly parameters: Readonly<Record<string, string>> | null
  /** As the client sent it. */
  readonly path: string
  readonly stage: string
  readonly reach: Reach
}

const withKey = { 'Idempotency-Key': 'k-1' }

/**
 * "Set up Lambda proxy integrations in API Gateway", and events recorded on AWS: localstack/localstack,
 * test_apigateway_lambda.snapshot.json, where `path` keeps its encoding and its final slash, and the parameter
 * `proxy` keeps only the encoding.
 */
const rest = ({ template, parameters, path, stage, reach: { base, domainName } }: Sent): TestEvent => ({
  resource: template,
  path: `${base}${path}`,
  httpMethod: 'POST',
  headers: withKey,
  pathParameters: parameters,
  requestContext: { resourcePath: template, stage, domainName },
  body: '{}',
  isBase64Encoded: false,
})

/** The payload 1.0 of an HTTP API is that of a REST API, with a version. */
const http10 = (sent: Sent): TestEvent => ({ ...rest(sent), version: '1.0' })

const http20 = ({ template, parameters, path, stage, reach: { base, domainName } }: Sent): TestEvent => ({
  version: '2.0',
  routeKey: template === '$default' ? template : `ANY ${template}`,
  rawPath: `${base}${path}`,
  rawQueryString: '',
  headers: withKey,
  ...(parameters === null ? {} : { pathParameters: parameters }),
  requestContext: { domainName, stage, http: { method: 'POST', path: `${base}${path}` } },
  body: '{}',
  isBase64Encoded: false,
})

type Gateway = (sent: Sent) => TestEvent

/** "Use custom domain names": localstack/localstack pull request 12296 lists the four, as seen on AWS. */
const reachesOfRest = (stage: string, key: string): readonly Reach[] => [
  { domainName: EXECUTE_API, base: '' },
  { domainName: CUSTOM, base: '' },
  { domainName: CUSTOM, base: `/${key}` },
  { domainName: CUSTOM, base: `/${stage}` },
  { domainName: CUSTOM, base: `/${key}/${stage}` },
]

const stageOf = (stage: string): string => (stage === '$default' ? '' : `/${stage}`)

/** The path begins with the stage; the payload 1.0 has the key of the API mapping instead. */
const reachesOfHttp10 = (stage: string, key: string): readonly Reach[] => [
  { domainName: EXECUTE_API, base: stageOf(stage) },
  { domainName: CUSTOM, base: `/${key}` },
]

/**
 * `rawPath` does not provide the key of the API mapping ("Create AWS Lambda proxy integrations for HTTP APIs in API
 * Gateway"), but the stage under each domain (CodeGenieApp/serverless-express issue 465).
 */
const reachesOfHttp20 = (stage: string): readonly Reach[] => [
  { domainName: EXECUTE_API, base: stageOf(stage) },
  { domainName: CUSTOM, base: stageOf(stage) },
]

const segment = fc.oneof(
  fc.constantFrom('orders', 'payments', 'refunds', 'prod', 'shop', 'v1', 'a%2Fb', 'a%2525', '%', '1'),
  fc.stringMatching(/^[A-Za-z0-9._~-]{1,8}$/),
)
const segments = fc.array(segment, { minLength: 1, maxLength: 4 })
const baseName = fc.constantFrom('shop', 'orders', 'v1', 'prod', 'shop/eu')

/** A template, and the request that it took. */
const request = fc.record({
  lead: fc.constantFrom('', '/v1', '/{first}'),
  first: segment,
  rest: segments,
  slash: fc.constantFrom('', '/'),
})

type Request = typeof request extends fc.Arbitrary<infer T> ? T : never

const sentOf = ({ lead, first, rest: tail, slash }: Request) => ({
  template: `${lead}/{proxy+}`,
  parameters: { ...(lead === '/{first}' ? { first } : {}), proxy: tail.join('/') },
  path: `${lead.replace('{first}', first)}/${tail.join('/')}${slash}`,
})

const expectOneRoute = (events: readonly TestEvent[], route: string): void => {
  expect(events.map((event) => readEvent(event).route)).toEqual(events.map(() => route))
  expect(events.map((event) => readEvent(event).path)).toEqual(events.map(() => route))
}

const named = fc.constantFrom('prod', 'dev', 'v1', 'orders')
const anyStage = fc.oneof(named, fc.constant('$default'))

describe('D3: the path is the same under every domain name of the API', () => {
  test('under a greedy parameter of a REST API', () => {
    fc.assert(
      fc.property(request, named, baseName, (asked, stage, key) => {
        const sent = sentOf(asked)
        const events = reachesOfRest(stage, key).map((reach) => rest({ ...sent, stage, reach }))
        expectOneRoute(events, sent.path.replace(/\/$/, ''))
      }),
    )
  })

  test.each<[string, Gateway, typeof reachesOfHttp10]>([
    ['1.0', http10, reachesOfHttp10],
    ['2.0', http20, reachesOfHttp20],
  ])('under a greedy parameter of an HTTP API, payload %s', (_, gateway, reaches) => {
    fc.assert(
      fc.property(request, anyStage, baseName, (asked, stage, key) => {
        const sent = sentOf(asked)
        const events = reaches(stage, key).map((reach) => gateway({ ...sent, stage, reach }))
        expectOneRoute(events, sent.path.replace(/\/$/, ''))
      }),
    )
  })

  test('under $default of an HTTP API, payload 2.0', () => {
    fc.assert(
      fc.property(request, anyStage, (asked, stage) => {
        const sent = { ...sentOf(asked), template: '$default', parameters: null, stage }
        const events = reachesOfHttp20(stage).map((reach) => http20({ ...sent, reach }))
        expectOneRoute(events, sent.path.replace(/\/$/, ''))
      }),
    )
  })

  test('under a specific template, with the option route', () => {
    for (const reach of reachesOfRest('prod', 'shop')) {
      const sent = {
        template: '/payments/{id}',
        parameters: { id: 'p_1' },
        path: '/payments/p_1',
        stage: 'prod',
        reach,
      }
      expect(readEvent(rest(sent))).toMatchObject({ route: '/payments/{id}', path: '/payments/p_1' })
      const root = { template: '/', parameters: null, path: '/', stage: 'prod', reach }
      expect(readEvent(rest(root))).toMatchObject({ route: '/', path: '/' })
    }
  })

  test('D3: two paths never become one, whatever the stage and the base path are', () => {
    const path = (asked: Request): string => sentOf(asked).path.replace(/\/$/, '')
    fc.assert(
      fc.property(request, request, anyStage, baseName, (a, b, stage, key) => {
        const routes = (asked: Request) => [
          ...reachesOfRest(stage, key).map((reach) => readEvent(rest({ ...sentOf(asked), stage, reach })).route),
          ...reachesOfHttp20(stage).map((reach) => readEvent(http20({ ...sentOf(asked), stage, reach })).route),
        ]
        const met = routes(a).some((route) => routes(b).includes(route))
        expect(met).toBe(path(a) === path(b))
      }),
      { numRuns: 500 },
    )
  })
})

const reach = { domainName: EXECUTE_API, base: '' }
const ordinary: Sent = { template: '/{proxy+}', parameters: { proxy: 'orders' }, path: '/orders', stage: 'prod', reach }

describe('an event that does not say where the path begins', () => {
  test('parameters that a middleware has decoded are found in the path, which keeps its encoding', () => {
    const sent = { ...ordinary, path: '/a%2Fb/c', parameters: { proxy: 'a/b/c' } }
    expect(readEvent(rest({ ...sent, reach: { domainName: CUSTOM, base: '/shop' } })).route).toBe('/a%2Fb/c')
    expect(readEvent(rest({ ...sent, path: '/a/b/c' })).route).toBe('/a/b/c')
  })

  test.each([
    ['none', null],
    ['another one', { proxy: 'invoices' }],
    ['one that is not encoded well', { proxy: '%' }],
  ])('if the parameter is %s, the whole path counts', (_, parameters) => {
    expect(readEvent(rest({ ...ordinary, path: '/shop/orders', parameters })).route).toBe('/shop/orders')
    expect(readEvent(rest({ ...ordinary, path: '/shop/%', parameters: null })).route).toBe('/shop/%')
  })

  test('only a whole segment is removed as the stage', () => {
    const path = (rawPath: string, stage: string) =>
      readEvent(http20({ ...ordinary, template: '$default', parameters: null, path: rawPath, stage })).path
    expect(path('/prod', 'prod')).toBe('/')
    expect(path('/prod/', 'prod')).toBe('/')
    expect(path('/products', 'prod')).toBe('/products')
    expect(path('/prod/prod/x', 'prod')).toBe('/prod/x')
    expect(path('/$default/x', '$default')).toBe('/$default/x')
  })

  test('on function URLs and ALBs only a final slash is removed', () => {
    const url = http20({
      ...ordinary,
      template: '$default',
      path: '/prod/orders/',
      parameters: null,
      stage: '$default',
    })
    const requestContext = { ...url.requestContext, domainName: 'abc.lambda-url.eu-west-1.on.aws' }
    expect(readEvent({ ...url, requestContext }).route).toBe('/prod/orders')
    expect(readEvent({ httpMethod: 'POST', path: '/prod/orders/', requestContext: { elb: {} } }).route).toBe(
      '/prod/orders',
    )
    expect(readEvent({ httpMethod: 'POST', path: '/', requestContext: { elb: {} } }).route).toBe('/')
  })
})

interface Api {
  readonly send: (event: TestEvent) => Promise<Answered>
  runs(): number
}

const api = (more: object = {}): Api => {
  let runs = 0
  const handler = idempotent(async (_event: TestEvent) => ({ statusCode: 201, body: String(++runs) }), {
    store: memoryStore(),
    operation: 'orders',
    tenant: 'single-tenant',
    ...more,
  })
  return { send: async (event) => answered(await handler(event, contextWith())), runs: () => runs }
}

const statusOf = ({ headers }: Answered): string | undefined => headers['idempotency-status']

describe('one request, sent to two domain names', () => {
  test('D3: runs once behind {proxy+}, under execute-api and under a base path', async () => {
    const { send, runs } = api()
    expect(statusOf(await send(rest(ordinary)))).toBe('created')
    expect(statusOf(await send(rest({ ...ordinary, reach: { domainName: CUSTOM, base: '/shop' } })))).toBe('replayed')
    expect(statusOf(await send(rest({ ...ordinary, path: '/orders/' })))).toBe('replayed')
    expect(runs()).toBe(1)
  })

  test('a final slash does not count, even if a greedy parameter has it too', async () => {
    const { send, runs } = api()
    await send(http20(ordinary))
    expect(statusOf(await send(http20({ ...ordinary, path: '/orders/', parameters: { proxy: 'orders/' } })))).toBe(
      'replayed',
    )
    expect(runs()).toBe(1)
  })

  test('D3: runs once under $default, with the stage in the path and with the default stage', async () => {
    const { send, runs } = api()
    const sent = { ...ordinary, template: '$default', parameters: null }
    await send(http20({ ...sent, reach: { domainName: EXECUTE_API, base: '/prod' } }))
    expect(statusOf(await send(http20({ ...sent, stage: '$default', reach: { domainName: CUSTOM, base: '' } })))).toBe(
      'replayed',
    )
    expect(runs()).toBe(1)
  })

  test('runs once if the option route answers the path', async () => {
    const route = ({ pathParameters }: TestEvent): string => `/${(pathParameters as { proxy: string }).proxy}`
    const { send, runs } = api({ route })
    await send(rest(ordinary))
    expect(statusOf(await send(rest({ ...ordinary, reach: { domainName: CUSTOM, base: '/shop' } })))).toBe('replayed')
    expect(runs()).toBe(1)
  })

  test('D3: if the option route answers a template, the path below the base distinguishes two resources', async () => {
    const { send, runs } = api({ route: () => '/payments/{id}/refunds', payload: () => 'the same' })
    const refund = (id: string, base: string): TestEvent =>
      rest({
        ...ordinary,
        path: `/payments/${id}/refunds`,
        parameters: { proxy: `payments/${id}/refunds` },
        reach: { domainName: CUSTOM, base },
      })
    expect(statusOf(await send(refund('1', '')))).toBe('created')
    expect(statusOf(await send(refund('1', '/shop')))).toBe('replayed')
    expect((await send(refund('2', ''))).statusCode).toBe(422)
    expect((await send(refund('2', '/shop'))).statusCode).toBe(422)
    expect(runs()).toBe(1)
  })

  test('an option route that answers the end of the path hides no resource', async () => {
    const { send, runs } = api({ route: () => '/refunds' })
    const refund = (id: string): TestEvent =>
      http20({ ...ordinary, template: '$default', parameters: null, path: `/payments/${id}/refunds` })
    await send(refund('1'))
    expect((await send(refund('2'))).statusCode).toBe(422)
    expect(runs()).toBe(1)
  })

  test('a final slash counts if the option route answers it', async () => {
    const { send, runs } = api({ route: ({ path }: { path: string }) => path })
    await send(rest(ordinary))
    await send(rest({ ...ordinary, path: '/orders/' }))
    expect(runs()).toBe(2)
  })
})

describe('the payload 1.0 under $default, which does not distinguish the key of an API mapping from the path', () => {
  const sent: Sent = { ...ordinary, template: '$default', parameters: null, stage: '$default' }
  const custom = http10({ ...sent, reach: { domainName: CUSTOM, base: '/shop' } })

  test('a warning is logged, once for each handler', async () => {
    const { send, runs } = api()
    const logged = await errorsLogged(async () => {
      await send(http10(sent))
      await send(custom)
      await send(custom)
    })
    expect(logged).toEqual([
      expect.stringMatching(/^lambda-once: operation "orders": .+ runs twice: use the payload 2\.0 or /),
    ])
    expect(runs()).toBe(2)
  })

  test('the second of two requests is refused with the option route', async () => {
    const { send, runs } = api({ route: () => '/orders' })
    const logged = await errorsLogged(async () => {
      await send(http10(sent))
      expect((await send(custom)).statusCode).toBe(422)
    })
    expect([logged, runs()]).toEqual([[], 1])
  })
})
