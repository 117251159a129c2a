import { Duration, type Stack } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { TokenAuthorizer } from 'aws-cdk-lib/aws-apigateway'
import { HttpLambdaAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { type IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { IdempotentApi } from '../../lib/cdk/index.ts'
import { plainFunction, refusal, synthesized } from './stack.ts'

const LAYER_HEADERS = ['idempotency-status', 'idempotent-replayed', 'link', 'location', 'retry-after']
const ALLOWED_HEADERS = ['authorization', 'content-type', 'idempotency-key', 'x-merchant-id']

const withTimeout = (stack: Stack, seconds: number): LambdaFunction =>
  plainFunction(stack, { timeout: Duration.seconds(seconds) })

test('with minimal props: an HTTP API with a throttled default stage and an access log', () => {
  const template = synthesized((stack) => new IdempotentApi(stack, 'Api'))
  template.hasResourceProperties('AWS::ApiGatewayV2::Api', { ProtocolType: 'HTTP', CorsConfiguration: Match.absent() })
  template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
    StageName: '$default',
    AutoDeploy: true,
    DefaultRouteSettings: { ThrottlingRateLimit: 1_000, ThrottlingBurstLimit: 500 },
    AccessLogSettings: { DestinationArn: Match.anyValue(), Format: Match.anyValue() },
  })
  template.resourceCountIs('AWS::ApiGatewayV2::Stage', 1)
  template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 })
})

test('an HTTP API with maximal props', () => {
  const template = synthesized((stack) => {
    const pay = plainFunction(stack)
    new IdempotentApi(stack, 'Api', {
      type: 'http',
      apiName: 'payments',
      routes: { 'POST /payments': pay },
      authorizer: new HttpLambdaAuthorizer('Merchant', pay),
      corsOrigins: ['https://shop.example'],
      corsHeaders: ['X-Merchant-Id'],
      throttlingRateLimit: 10,
      throttlingBurstLimit: 5,
      accessLogGroup: new LogGroup(stack, 'Own'),
    }).addRoute('ANY /payments/{id}', pay)
  })
  template.hasResourceProperties('AWS::ApiGatewayV2::Api', {
    Name: 'payments',
    CorsConfiguration: {
      AllowOrigins: ['https://shop.example'],
      AllowMethods: ['*'],
      AllowHeaders: ALLOWED_HEADERS,
      ExposeHeaders: LAYER_HEADERS,
    },
  })
  for (const RouteKey of ['POST /payments', 'ANY /payments/{id}']) {
    template.hasResourceProperties('AWS::ApiGatewayV2::Route', { RouteKey, AuthorizationType: 'CUSTOM' })
  }
  template.hasResourceProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '2.0' })
  template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
    DefaultRouteSettings: { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 5 },
  })
  template.resourceCountIs('AWS::Logs::LogGroup', 1)
})

test('a REST API with maximal props', () => {
  const template = synthesized((stack) => {
    const pay = plainFunction(stack)
    new IdempotentApi(stack, 'Api', {
      type: 'rest',
      apiName: 'payments',
      stageName: 'live',
      cloudWatchRole: false,
      routes: { 'POST /payments/{id}/refunds': pay },
      authorizer: new TokenAuthorizer(stack, 'Merchant', { handler: pay }),
      corsOrigins: ['https://shop.example'],
      corsHeaders: ['X-Merchant-Id'],
      throttlingRateLimit: 10,
      throttlingBurstLimit: 5,
    })
  })
  template.hasResourceProperties('AWS::ApiGateway::RestApi', {
    Name: 'payments',
    EndpointConfiguration: { Types: ['REGIONAL'] },
  })
  template.hasResourceProperties('AWS::ApiGateway::Method', { HttpMethod: 'POST', AuthorizationType: 'CUSTOM' })
  template.hasResourceProperties('AWS::ApiGateway::Stage', {
    StageName: 'live',
    AccessLogSetting: { DestinationArn: Match.anyValue(), Format: Match.anyValue() },
    MethodSettings: [Match.objectLike({ ThrottlingRateLimit: 10, ThrottlingBurstLimit: 5 })],
  })
  const preflight = JSON.stringify(
    template.findResources('AWS::ApiGateway::Method', { Properties: { HttpMethod: 'OPTIONS' } }),
  )
  expect(preflight).toContain(ALLOWED_HEADERS.join(','))
  expect(preflight).toContain(LAYER_HEADERS.join(','))
  template.resourceCountIs('AWS::IAM::Role', 1)
})

test.each([
  ['http', '$context.routeKey'],
  ['rest', '$context.resourcePath'],
] as const)('the access log of a %s API contains the route, and no data that the caller sent (G1)', (type, route) => {
  const template = synthesized((stack) =>
    new IdempotentApi(stack, 'Api', { type }).addRoute('GET /x', plainFunction(stack)),
  )
  const stages = {
    ...template.findResources('AWS::ApiGatewayV2::Stage'),
    ...template.findResources('AWS::ApiGateway::Stage'),
  }
  const [{ Properties }] = Object.values(stages) as [{ Properties: Record<string, { Format: string }> }]
  const { Format } = Properties[type === 'http' ? 'AccessLogSettings' : 'AccessLogSetting'] ?? { Format: '' }
  expect(Object.values(JSON.parse(Format))).toContain(route)
  expect(Format).not.toMatch(
    /header|querystring|\$context\.path\b|sourceIp|request\.body|\$context\.authorizer\.(?!error)/i,
  )
})

test.each([
  ['http', 31, 'An HTTP API waits 30 s'],
  ['rest', 30, 'A REST API waits 29 s'],
] as const)('a function of a %s API with a timeout of %d s is refused', (type, timeout, waits) => {
  const text = refusal((stack) =>
    new IdempotentApi(stack, 'Api', { type }).addRoute('POST /payments', withTimeout(stack, timeout)),
  )
  expect(text).toContain(`the function of "POST /payments" has a timeout of ${timeout} s, and ${waits}`)
})

test.each([
  ['http', 30],
  ['rest', 29],
] as const)('a function of a %s API may take %d s', (type, timeout) => {
  expect(
    refusal((stack) =>
      new IdempotentApi(stack, 'Api', { type }).addRoute('POST /payments', withTimeout(stack, timeout)),
    ),
  ).toBe('')
})

test('an alias and a version have the timeout of their function', () => {
  for (const qualified of [(fn: LambdaFunction) => fn.addAlias('live'), (fn: LambdaFunction) => fn.currentVersion]) {
    const text = refusal((stack) =>
      new IdempotentApi(stack, 'Api').addRoute('POST /payments', qualified(withTimeout(stack, 60)) as IFunction),
    )
    expect(text).toContain('the function of "POST /payments" has a timeout of 60 s')
  }
})

test('two REST APIs have different names, and so separate metrics', () => {
  synthesized((stack) => {
    const handler = plainFunction(stack)
    const apiNames = ['Payments', 'Admin'].map((id) => {
      const api = new IdempotentApi(stack, id, { type: 'rest', cloudWatchRole: false, routes: { 'GET /': handler } })
      return api.metricServerErrors().toMetricConfig().metricStat?.dimensions?.[0]?.value
    })
    expect(apiNames).toEqual([expect.stringMatching(/^Test-Payments-/), expect.stringMatching(/^Test-Admin-/)])
  })
})

test('a function without a timeout has three seconds, and an imported function is not checked', () => {
  expect(
    refusal((stack) => {
      const api = new IdempotentApi(stack, 'Api')
      api.addRoute('POST /a', plainFunction(stack))
      api.addRoute('POST /b', LambdaFunction.fromFunctionName(stack, 'Other', 'other'))
    }),
  ).toBe('')
})

test.each(['/payments', 'FETCH /payments', 'POST payments', ''])('the route "%s" is refused', (route) => {
  expect(refusal((stack) => new IdempotentApi(stack, 'Api', { routes: { [route]: plainFunction(stack) } }))).toBe(
    `route is "${route}"; it must be a method and a path, such as "POST /payments/{id}/refunds"`,
  )
})

test.each(['http', 'rest'] as const)('a %s API has metrics, a URL without a slash, and the API itself', (type) => {
  synthesized((stack) => {
    const api = new IdempotentApi(stack, 'Api', { type })
    api.addRoute('GET /', plainFunction(stack))
    const names = [api.metricServerErrors(), api.metricClientErrors(), api.metricLatency()].map(
      (metric) => metric.toMetricConfig().metricStat?.metricName,
    )
    expect(names).toEqual(type === 'http' ? ['5xx', '4xx', 'Latency'] : ['5XXError', '4XXError', 'Latency'])
    expect(api.url).not.toMatch(/\/$/)
    expect(api.httpApi === undefined).toBe(type === 'rest')
    expect(api.restApi === undefined).toBe(type === 'http')
  })
})
