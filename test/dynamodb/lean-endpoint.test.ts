import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { resolveEndpoint } from '../../lib/dynamodb/lean/endpoint.ts'
import { leanDynamoDbStore } from '../../lib/dynamodb/lean/index.ts'
import { REGION } from '../support/dynamodb.ts'

test.each<[Parameters<typeof resolveEndpoint>[1], NodeJS.ProcessEnv, string]>([
  [{}, { AWS_REGION: 'eu-west-1' }, 'dynamodb.eu-west-1.amazonaws.com'],
  [{}, { AWS_REGION: 'us-gov-west-1', AWS_USE_FIPS_ENDPOINT: 'true' }, 'dynamodb.us-gov-west-1.amazonaws.com'],
  [{}, { AWS_REGION: 'us-west-2', AWS_USE_FIPS_ENDPOINT: 'true' }, 'dynamodb-fips.us-west-2.amazonaws.com'],
  [
    {},
    { AWS_REGION: '', AWS_DEFAULT_REGION: 'us-east-1', AWS_ENDPOINT_URL_DYNAMODB: '', AWS_ENDPOINT_URL: 'http://a:1' },
    'a:1',
  ],
  [{}, { AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: '' }, 'dynamodb.us-east-1.amazonaws.com'],
  [{}, { AWS_REGION: 'cn-north-1' }, 'dynamodb.cn-north-1.amazonaws.com.cn'],
  [{}, { AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: 'http://localhost:8000' }, 'localhost:8000'],
  [
    {},
    { AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_DYNAMODB: 'http://[::1]:8000' },
    '[::1]:8000',
  ],
  [
    { region: 'eu-north-1', endpoint: 'https://vpce-1.dynamodb.eu-north-1.vpce.amazonaws.com' },
    {},
    'vpce-1.dynamodb.eu-north-1.vpce.amazonaws.com',
  ],
])('The endpoint of %j in %j is %s', (options, env, host) => {
  expect(resolveEndpoint('here', options, env).host).toBe(host)
})

/** Every environment variable that affects the endpoint. */
const VARIABLES = [
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_DYNAMODB',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_USE_DUALSTACK_ENDPOINT',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
] as const

describe('The endpoint is the SDK’s', () => {
  const before = VARIABLES.map((name) => [name, process.env[name]] as const)
  afterEach(() => setEnvironment(Object.fromEntries(before)))

  const setEnvironment = (env: NodeJS.ProcessEnv): void => {
    for (const name of VARIABLES) {
      const value = env[name]
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }

  /** The origin to which the SDK sends a request, or `refused`. */
  const endpointOfSdk = async (env: NodeJS.ProcessEnv, options: { endpoint?: string }): Promise<string> => {
    setEnvironment({ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', ...env })
    const client = new DynamoDBClient({ ...options, credentials: { accessKeyId: 'a', secretAccessKey: 's' } })
    let sentTo = 'refused'
    client.middlewareStack.add(
      () => async (args) => {
        const { protocol, hostname, port } = args.request as { protocol: string; hostname: string; port?: number }
        sentTo = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`).origin
        return { response: undefined, output: { $metadata: {} } } as never
      },
      { step: 'finalizeRequest', priority: 'high' },
    )
    await client.send(new GetItemCommand({ TableName: 'table', Key: { pk: { S: 'a' } } })).catch(() => {})
    return sentTo
  }

  const endpointOfLean = (env: NodeJS.ProcessEnv, options: { endpoint?: string }): string => {
    try {
      const { target, host } = resolveEndpoint('here', options, env)
      return new URL(`${target.protocol}//${host}`).origin
    } catch {
      return 'refused'
    }
  }

  const FLAGS: readonly NodeJS.ProcessEnv[] = [
    {},
    { AWS_USE_FIPS_ENDPOINT: 'true' },
    { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
    { AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true' },
    { AWS_USE_FIPS_ENDPOINT: 'false', AWS_USE_DUALSTACK_ENDPOINT: 'false' },
  ]

  test.each([
    'us-east-1',
    'eu-west-1',
    'mx-central-1',
    'us-gov-west-1',
    'us-gov-east-1',
    'cn-north-1',
    'eusc-de-east-1',
    'us-iso-east-1',
    'us-isob-east-1',
    'us-isof-south-1',
    'eu-isoe-west-1',
  ])('in %s, with FIPS, dual-stack, and both', async (AWS_REGION) => {
    for (const flags of FLAGS) {
      const env = { AWS_REGION, ...flags }
      const expected = await endpointOfSdk(env, {})
      expect(expected).toMatch(/^https:/)
      expect([env, endpointOfLean(env, {})]).toEqual([env, expected])
    }
  })

  const ENDPOINTS: readonly (readonly [string, NodeJS.ProcessEnv, { endpoint?: string }])[] = [
    ['a variable', { AWS_ENDPOINT_URL: 'http://localhost:8000' }, {}],
    ['the variable of the service', { AWS_ENDPOINT_URL_DYNAMODB: 'https://vpce.example' }, {}],
    ['an option', {}, { endpoint: 'https://vpce.example' }],
    ['both', { AWS_ENDPOINT_URL: 'http://localhost:8000' }, { endpoint: 'https://vpce.example' }],
  ]

  test.each(ENDPOINTS)('with an endpoint in %s', async (_, variables, options) => {
    for (const flags of FLAGS) {
      for (const ignore of [undefined, 'true', 'false']) {
        const ignoring = ignore === undefined ? {} : { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: ignore }
        const env = { AWS_REGION: REGION, ...variables, ...flags, ...ignoring }
        expect([env, endpointOfLean(env, options)]).toEqual([env, await endpointOfSdk(env, options)])
      }
    }
  })

  test.each(['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'])(
    'if %s is neither true nor false',
    async (name) => {
      for (const value of ['1', 'TRUE', 'yes', '']) {
        const env = { AWS_REGION: REGION, [name]: value }
        expect([env, endpointOfLean(env, {})]).toEqual([env, await endpointOfSdk(env, {})])
      }
    },
  )
})

test.each(['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'])(
  'Your own endpoint is refused at construction if %s is true, with a message that names both.',
  (flag) => {
    const endpoint = 'http://localhost:8000'
    const env = { AWS_REGION: REGION, [flag]: 'true' }
    expect(() => resolveEndpoint('here', { endpoint }, env)).toThrow(
      `option "endpoint" is "${endpoint}", by the option; it excludes ${flag}=true`,
    )
    expect(() => resolveEndpoint('here', {}, { ...env, AWS_ENDPOINT_URL: endpoint })).toThrow(
      `option "endpoint" is "${endpoint}", by AWS_ENDPOINT_URL; it excludes ${flag}=true`,
    )
  },
)

test('The dual-stack endpoint may be given as an option.', () => {
  const host = `dynamodb.${REGION}.api.aws`
  expect(resolveEndpoint('here', { region: REGION, endpoint: `https://${host}` }, {}).host).toBe(host)
})

test.each(['localhost', 'localhost:8000', 'ftp://x'])(
  'The endpoint "%s" in the environment is refused at construction, with the name of its variable.',
  (text) => {
    const env = { AWS_REGION: REGION, AWS_ENDPOINT_URL_DYNAMODB: text }
    const message = `option "endpoint" is "${text}", by AWS_ENDPOINT_URL_DYNAMODB; it must be an http(s) URL`
    expect(() => resolveEndpoint('here', {}, env)).toThrow(message)
  },
)

test.each(['ftp://user:password@host', 'http://user:password@host/path'])(
  'G1 The user and the password of the endpoint %s are in no message.',
  (endpoint) => {
    const options = { tableName: 'table', region: REGION, endpoint }
    expect(() => leanDynamoDbStore(options)).toThrow(/option "endpoint" is ".*\/\/host.*"; it must be an http\(s\) URL/)
    expect(() => leanDynamoDbStore(options)).not.toThrow(/password/)
    const env = { AWS_REGION: REGION, AWS_ENDPOINT_URL: endpoint, AWS_USE_FIPS_ENDPOINT: 'true' }
    expect(() => resolveEndpoint('here', {}, env)).toThrow(/"endpoint" is ".*\/\/host.*", by AWS_ENDPOINT_URL; it /)
    expect(() => resolveEndpoint('here', {}, env)).not.toThrow(/password/)
  },
)

test('A missing Region is refused at construction.', () => {
  expect(() => resolveEndpoint('here', {}, {})).toThrow(/"region".*AWS_REGION/)
})
