import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { recordOf } from '../../lib/core/record/claim.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { toItem } from '../../lib/dynamodb/item.ts'
import { type Credentials, refreshingSource } from '../../lib/dynamodb/lean/credentials.ts'
import { environmentCredentials } from '../../lib/dynamodb/lean/environment.ts'
import { leanDynamoDbStore } from '../../lib/dynamodb/lean/index.ts'
import { aClaim, completed, unhurried } from '../support/claims.ts'
import { databaseEndpoint, freshTable, REGION } from '../support/dynamodb.ts'

/** Used in this file only, because the SDK writes into the credentials that it gets. */
const CREDENTIALS: Credentials = { accessKeyId: 'local', secretAccessKey: 'local' }

interface TestServer {
  readonly url: string
  readonly seen: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[]
  answer: { status: number; body: string; breakOff?: boolean; endless?: boolean }
  /** Bytes that the server has sent, over all answers. */
  sentBytes: number
}

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const serve = async (body: string, status = 200): Promise<TestServer> => {
  const seen: TestServer['seen'] = []
  const server = createServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers })
    const { answer } = made
    request.resume().on('end', () => {
      if (answer.endless) return flood(response, made)
      if (answer.breakOff) response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy())
      else response.writeHead(answer.status).end(answer.body)
    })
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const made: TestServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    answer: { status, body },
    sentBytes: 0,
  }
  return made
}

/** Sends spaces without an end. They are valid white space in JSON. */
const flood = (response: ServerResponse, server: TestServer): void => {
  const spaces = Buffer.alloc(64 * 1024, 32)
  const more = (): void => {
    while (!response.destroyed && server.sentBytes < 500_000_000) {
      server.sentBytes += spaces.length
      if (!response.write(spaces)) break
    }
  }
  response.writeHead(server.answer.status).on('drain', more)
  more()
}

/** A settled item in DynamoDB's JSON. */
const itemWith = (outcome: Buffer): object => {
  const claim = aClaim()
  const { leaseExpiresAt: _, ...item } = toItem(recordOf(claim))
  return { ...item, status: { S: 'SUCCEEDED' }, settledAt: { N: '1' }, outcome: { B: outcome.toString('base64') } }
}

const storeAt = (endpoint: string, credentials: Credentials = CREDENTIALS): Store =>
  leanDynamoDbStore({ tableName: 'table', region: REGION, endpoint, credentials })

test('It needs only its options.', async () => {
  const tableName = await freshTable()
  const endpoint = databaseEndpoint()
  const store = leanDynamoDbStore({ tableName, region: REGION, endpoint, credentials: async () => CREDENTIALS })
  expect(await store.claim(aClaim(), unhurried)).toEqual({ kind: 'claimed' })
})

test('Host, time, operation and session token are signed.', async () => {
  const { url, seen } = await serve('{}')
  await storeAt(url, { ...CREDENTIALS, sessionToken: 'session' }).claim(aClaim(), unhurried)
  const { headers } = seen[0] as (typeof seen)[0]
  expect(headers).toMatchObject({ 'x-amz-security-token': 'session', 'x-amz-target': 'DynamoDB_20120810.PutItem' })
  expect(headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=local\/\d{8}\/us-east-1\/dynamodb\/aws4_request, SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=[0-9a-f]{64}$/,
  )
})

test('A connection is used again.', async () => {
  const { url, seen } = await serve('{}')
  let connections = 0
  servers[0]?.on('connection', () => connections++)
  const store = storeAt(url)
  for (let call = 0; call < 3; call++) await store.claim(aClaim(), unhurried)
  expect([seen.length, connections]).toEqual([3, 1])
})

test.each([
  ['a proxy’s error page', 502, '<html>Bad Gateway</html>', 'StoreUnavailableError', 2],
  ['an error without a name', 400, '{}', 'StoreMisconfiguredError', 1],
  ['a proxy’s rate limit', 429, '<html>Slow down</html>', 'StoreUnavailableError', 2],
  ['a proxy’s timeout', 408, '', 'StoreUnavailableError', 2],
  ['JSON that is not an object', 503, 'null', 'StoreUnavailableError', 2],
  ['an HTML page with status 200', 200, '<html>Welcome</html>', 'StoreUnavailableError', 2],
  ['an empty body with status 200', 200, '', 'StoreUnavailableError', 2],
  ['other JSON with status 200', 200, '{"message":"portal"}', 'StoreUnavailableError', 2],
  ['an array with status 200', 200, '[]', 'StoreUnavailableError', 2],
  ['an item that is null with status 200', 200, '{"Item":null}', 'StoreUnavailableError', 2],
  ['an item that is text with status 200', 200, '{"Item":"text"}', 'StoreUnavailableError', 2],
])('An answer that is not from DynamoDB is a fault: %s', async (_, status, body, name, sent) => {
  const { url, seen } = await serve(body, status)
  await expect(storeAt(url).claim(aClaim(), unhurried)).rejects.toMatchObject({ name })
  expect(seen).toHaveLength(sent)
})

test('After an answer that breaks off, the fate is unknown.', async () => {
  const server = await serve('{}')
  server.answer = { ...server.answer, breakOff: true }
  await expect(storeAt(server.url).claim(aClaim(), unhurried)).rejects.toMatchObject({ name: 'StoreUnavailableError' })
  expect(server.seen).toHaveLength(2)
})

test.each([
  ['a name that is a number', '{"__type":5}', /refused the request.*DynamoDB answered 400/],
  ['an item that is null', '{"__type":"x#ConditionalCheckFailedException","Item":null}', /was not given back/],
  ['an item that is text', '{"__type":"x#ConditionalCheckFailedException","Item":"text"}', /was not given back/],
  ['a member that is null', '{"__type":"x#ConditionalCheckFailedException","Item":{"pk":null}}', /"pk".*did not write/],
])('A refusal with %s is a misconfiguration, and the message says which.', async (_, body, message) => {
  const { url } = await serve(body, 400)
  const error = await storeAt(url)
    .claim(aClaim(), unhurried)
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ name: 'StoreMisconfiguredError', message: expect.stringMatching(message) })
})

test.each([200, 400])('An endless answer (%d) is cut off after a megabyte.', async (status) => {
  const server = await serve('', status)
  server.answer = { ...server.answer, endless: true }
  await expect(storeAt(server.url).claim(aClaim(), unhurried)).rejects.toMatchObject({
    name: 'StoreUnavailableError',
    message: expect.stringContaining('UnreadableAnswer'),
  })
  expect(server.seen).toHaveLength(2)
  expect(server.sentBytes).toBeLessThan(20_000_000) // a megabyte per attempt, and the buffers of the sockets
})

test('The largest possible answer of DynamoDB is read completely.', async () => {
  // 400 KB of outcome, a third more in Base64, and the other attributes.
  const outcome = Buffer.alloc(400 * 1024, 7)
  const { url } = await serve(JSON.stringify({ Item: itemWith(outcome) }))
  await expect(storeAt(url).peek(aClaim().recordKey, unhurried)).resolves.toMatchObject({ outcome })
})

test('If the caller has already given up, nothing is sent.', async () => {
  const { url, seen } = await serve('{}')
  await expect(storeAt(url).claim(aClaim(), AbortSignal.abort())).rejects.toMatchObject({
    name: 'StoreUnavailableError',
  })
  expect(seen).toHaveLength(0)
})

test('Missing credentials are a misconfiguration.', async () => {
  const { url } = await serve('{}')
  const credentials = environmentCredentials({}, Date.now)
  const store = leanDynamoDbStore({
    tableName: 'table',
    region: REGION,
    endpoint: url,
    credentials: async () => credentials(),
  })
  await expect(store.claim(aClaim(), unhurried)).rejects.toMatchObject({
    name: 'StoreMisconfiguredError',
    message: expect.stringContaining('There are no usable credentials'),
  })
})

describe('Credentials that cannot be right are a misconfiguration, and nothing is sent with other credentials:', () => {
  const ofTheFunction = { AWS_ACCESS_KEY_ID: 'AKIAFUNCTION', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' }
  const names = Object.keys(ofTheFunction)
  const before = names.map((name) => process.env[name])
  beforeEach(() => Object.assign(process.env, ofTheFunction))
  afterEach(() => {
    for (const [index, name] of names.entries()) {
      if (before[index] === undefined) delete process.env[name]
      else process.env[name] = before[index]
    }
  })

  const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
    ['nothing', undefined, /accessKeyId and secretAccessKey/],
    ['null', null, /accessKeyId and secretAccessKey/],
    ['text', 'AKIA', /accessKeyId and secretAccessKey/],
    ['no secret', { accessKeyId: 'X' }, /accessKeyId and secretAccessKey/],
    ['no id', { secretAccessKey: 'X' }, /accessKeyId and secretAccessKey/],
    ['an empty id', { accessKeyId: '', secretAccessKey: 'X' }, /accessKeyId and secretAccessKey/],
    ['an empty secret', { accessKeyId: 'X', secretAccessKey: '' }, /accessKeyId and secretAccessKey/],
    ['a secret that is a number', { accessKeyId: 'X', secretAccessKey: 5 }, /accessKeyId and secretAccessKey/],
    ['a session token that is not text', { ...CREDENTIALS, sessionToken: Promise.resolve('t') }, /sessionToken/],
    ['an expiry that is text', { ...CREDENTIALS, expiration: '2099-01-01T00:00:00Z' }, /expiration/],
    ['an expiry that is not a valid date', { ...CREDENTIALS, expiration: new Date('soon') }, /expiration/],
  ]

  test.each(WRONG)('a function that returns %s', async (_, answer, message) => {
    const { url, seen } = await serve('{}')
    const credentials = (async () => answer) as () => Promise<Credentials>
    const store = leanDynamoDbStore({ tableName: 'table', region: REGION, endpoint: url, credentials })
    for (const call of [
      () => store.claim(aClaim(), unhurried),
      () => store.settle(aClaim(), completed(), unhurried),
      () => store.peek(aClaim().recordKey, unhurried),
    ]) {
      const error = (await call().catch((thrown: unknown) => thrown)) as Error
      expect(error).toMatchObject({ name: 'StoreMisconfiguredError', code: 'store-misconfigured' })
      expect(error.message).toMatch(message)
    }
    expect(seen).toHaveLength(0)
  })

  test('text as the option is refused without being shown', () => {
    const credentials = 'aws-secret-text' as unknown as Credentials
    expect(() => storeAt('http://localhost', credentials)).toThrow(
      'leanDynamoDbStore(options): option "credentials" is of type string; it must have accessKeyId and secretAccessKey',
    )
    expect(() => storeAt('http://localhost', credentials)).not.toThrow(/aws-secret-text/)
  })

  test.each(WRONG.slice(1))('an option that is %s', (_, credentials) => {
    expect(() =>
      leanDynamoDbStore({ tableName: 'table', region: REGION, credentials: credentials as Credentials }),
    ).toThrow(/"credentials"/)
  })

  test('an option that loses a member later', async () => {
    const { url, seen } = await serve('{}')
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
    const store = storeAt(url, credentials)
    credentials.accessKeyId = ''
    await expect(store.claim(aClaim(), unhurried)).rejects.toMatchObject({ name: 'StoreMisconfiguredError' })
    expect(seen).toHaveLength(0)
  })

  test('they do not replace valid credentials, and the source is asked again', async () => {
    let now = 0
    const answers: unknown[] = [{ ...CREDENTIALS, expiration: new Date(400_000) }, { accessKeyId: 'half' }]
    const source = refreshingSource(
      async () => (answers.shift() ?? { ...CREDENTIALS, accessKeyId: 'next' }) as Credentials,
      () => now,
    )
    expect(await source()).toMatchObject(CREDENTIALS)
    now = 399_000
    for (let call = 0; call < 2; call++) {
      expect(await source()).toMatchObject(CREDENTIALS)
      await new Promise(setImmediate)
    }
    expect(await source()).toMatchObject({ accessKeyId: 'next' })
  })

  test.each([
    ['an empty secret', { AccessKeyId: 'a', SecretAccessKey: '' }],
    ['no members', {}],
    ['null', null],
    ['an expiry that is not a valid date', { AccessKeyId: 'a', SecretAccessKey: 's', Expiration: 'soon' }],
  ])('a container endpoint that answers %s', async (_, answer) => {
    const server = await serve(JSON.stringify(answer))
    const source = environmentCredentials({ AWS_CONTAINER_CREDENTIALS_FULL_URI: server.url }, Date.now)
    await expect(source()).rejects.toMatchObject({ name: 'CredentialsProviderError' })
  })
})

describe('Credentials of the environment:', () => {
  const HOUR = 3_600_000
  const answerWith = (id: string, endsIn: number): string =>
    JSON.stringify({
      AccessKeyId: id,
      SecretAccessKey: 's',
      Token: 't',
      Expiration: new Date(Date.now() + endsIn).toISOString(),
    })

  test('the variables, with the session token', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' }
    expect(await environmentCredentials(env, Date.now)()).toEqual({
      accessKeyId: 'a',
      secretAccessKey: 's',
      sessionToken: 't',
    })
  })

  test('the container endpoint, with its token, is asked once until five minutes before the expiration', async () => {
    const server = await serve(answerWith('first', HOUR))
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/role?of=mine`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'proof',
    }
    let now = Date.now()
    const credentials = environmentCredentials(env, () => now)
    expect(await Promise.all([credentials(), credentials()])).toMatchObject([
      { accessKeyId: 'first' },
      { accessKeyId: 'first' },
    ])
    expect(server.seen).toHaveLength(1)
    expect(server.seen[0]).toMatchObject({ url: '/role?of=mine', headers: { authorization: 'proof' } })
    server.answer = { status: 200, body: answerWith('second', 2 * HOUR) }
    expect(await credentials()).toMatchObject({ accessKeyId: 'first' })
    now += HOUR - 299_000
    expect(await credentials()).toMatchObject({ accessKeyId: 'first' }) // still valid: no call waits for new ones
    while ((await credentials()).accessKeyId !== 'second') await new Promise((resolve) => setTimeout(resolve, 5))
    expect(server.seen).toHaveLength(2)
  })

  test('if the endpoint fails, the old ones stay in use until they expire', async () => {
    let now = 0
    let calls = 0
    const source = refreshingSource(
      async () => {
        if (calls++ > 0) throw new Error('down')
        return { ...CREDENTIALS, expiration: new Date(400_000) }
      },
      () => now,
    )
    expect(await source()).toMatchObject(CREDENTIALS)
    now = 399_000
    expect(await source()).toMatchObject(CREDENTIALS)
    now = 400_000
    await expect(source()).rejects.toThrow('down')
  })

  test('a source that never answers delays no call while the old ones are valid, and is asked again', async () => {
    let now = 0
    let calls = 0
    const source = refreshingSource(
      () =>
        ++calls === 2
          ? new Promise(() => {})
          : Promise.resolve({ ...CREDENTIALS, expiration: new Date(400_000 * calls) }),
      () => now,
    )
    expect(await source()).toMatchObject(CREDENTIALS)
    now = 399_000
    expect(await source()).toMatchObject(CREDENTIALS)
    expect(await source()).toMatchObject(CREDENTIALS)
    expect(calls).toBe(2)
    now = 404_000
    expect(await source()).toMatchObject({ expiration: new Date(1_200_000) })
    expect(calls).toBe(3)
  })

  test('a late answer does not replace newer credentials', async () => {
    let now = 0
    const answers: ((credentials: Credentials) => void)[] = []
    const source = refreshingSource(
      () => new Promise((resolve) => answers.push(resolve)),
      () => now,
    )
    const until = (end: number): Credentials => ({ ...CREDENTIALS, expiration: new Date(end) })
    const old = source()
    await new Promise(setImmediate)
    now = 10_000
    const newer = source()
    await new Promise(setImmediate)
    answers[1]?.(until(3_600_000))
    await newer
    answers[0]?.(until(400_000))
    await old
    expect(await source()).toEqual(until(3_600_000))
  })

  test('an answer that is cut short is refused, and no part of it is shown', async () => {
    const server = await serve('{"AccessKeyId":"a","SecretAccessKey":"container-secret"')
    const source = environmentCredentials({ AWS_CONTAINER_CREDENTIALS_FULL_URI: server.url }, Date.now)
    const error = await Promise.resolve(source()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: 'The container credentials endpoint did not answer JSON' })
    server.answer = { status: 200, body: '{"SecretAccessKey": container-secret}' }
    const other = await Promise.resolve(source()).catch((thrown: unknown) => thrown)
    expect(inspect([error, other])).not.toContain('container-secret')
  })

  test('a token is not sent to a remote host without TLS', async () => {
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.com/role',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'proof',
    }
    await expect(environmentCredentials(env, Date.now)()).rejects.toThrow(/neither local nor https/)
  })
})

test.each([
  [{ tableName: undefined }, /"tableName".*is its environment variable set/],
  [{ tableName: 'table', endpoint: 'localhost' }, /"endpoint".*URL/],
  [{ tableName: 'table', endpoint: 'http://h:99999' }, /"endpoint".*URL/],
  [{ tableName: 'table', region: '' }, /"region".*non-empty/],
  [{ tableName: 'table', credentials: {} }, /"credentials".*accessKeyId/],
  [{ tableName: 'table', skewSeconds: 61 }, /"skewSeconds".*0 to 60/],
  [{ tableName: 'table', client: {} }, /"client".*not known/],
])('Options that cannot be right are refused at construction: %j', (options, message) => {
  expect(() => leanDynamoDbStore({ region: REGION, ...options } as { tableName: string })).toThrow(message)
})
