import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { ApolloServer } from '@apollo/server'
import { handlers, startServerAndCreateLambdaHandler } from '@as-integrations/aws-lambda'
import { build } from 'esbuild'
import { graphql, idempotent } from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { type Answered, answered } from '../support/http-harness.ts'

const answer = (body: unknown, statusCode = 200) => ({ statusCode, headers: {}, body })

const failed = { errors: [{ message: 'provider down', path: ['pay'] }] }
const coded = (code: string) => ({ errors: [{ message: 'x', extensions: { code } }] })
const paid = { data: { pay: 1 } }

/**
 * What GraphQL over HTTP (draft of August 2026, section Status Codes) and the GraphQL specification (section Response
 * Format) say of `data` and `errors`: without `data` the request was not executed.
 */
describe('the policy graphql', () => {
  test.each<[string, unknown, number, string]>([
    ['data without errors', paid, 200, 'complete'],
    ['data without errors, of several operations', [paid, paid], 200, 'complete'],
    ['data with an empty list of errors', { ...paid, errors: [] }, 200, 'complete'],
    ['data with no errors at all', { ...paid, errors: null }, 200, 'complete'],
    ['errors, and data that is null', { ...failed, data: null }, 200, 'abandon'],
    ['errors, and data in part', { ...failed, data: { pay: null, ship: 1 } }, 200, 'abandon'],
    ['the same with the status for a partial success', { ...failed, data: { pay: null } }, 294, 'abandon'],
    ['the same with a status of the client', { ...failed, data: { pay: null } }, 400, 'abandon'],
    ['a document that cannot be parsed', coded('GRAPHQL_PARSE_FAILED'), 400, 'release'],
    ['a document that is not valid', coded('GRAPHQL_VALIDATION_FAILED'), 422, 'release'],
    ['the same as 200, as for application/json', coded('GRAPHQL_VALIDATION_FAILED'), 200, 'release'],
    ['variables that do not fit', coded('BAD_USER_INPUT'), 400, 'release'],
    ['a request error without a code', { errors: [{ message: 'Syntax Error' }] }, 400, 'release'],
    ['a persisted query that is not known', coded('PERSISTED_QUERY_NOT_FOUND'), 200, 'release'],
    ['persisted queries that are not supported', coded('PERSISTED_QUERY_NOT_SUPPORTED'), 200, 'release'],
    ['a caller without permission', coded('UNAUTHENTICATED'), 401, 'release'],
    ['a server that fails', coded('INTERNAL_SERVER_ERROR'), 500, 'abandon'],
    ['a server that fails with 200', coded('INTERNAL_SERVER_ERROR'), 200, 'abandon'],
    ['a server that fails, without GraphQL', 'Internal server error', 502, 'abandon'],
    ['an Accept that is judged after the execution', { errors: [{ message: 'accept' }] }, 406, 'abandon'],
    ['a refusal that may stand for a batch of which a part has run', coded('BAD_REQUEST'), 400, 'abandon'],
    ['a batch in which one operation failed', [paid, { ...failed, data: null }], 200, 'abandon'],
    ['a batch in which one operation did not run', [paid, coded('PERSISTED_QUERY_NOT_FOUND')], 200, 'abandon'],
    ['a batch in which no operation ran', [coded('BAD_USER_INPUT'), coded('BAD_USER_INPUT')], 200, 'release'],
    ['an answer that is not of GraphQL', { status: 'pass' }, 200, 'complete'],
    ['a refusal that is not of GraphQL', '<html>', 403, 'release'],
    ['a batch with a member that is not of GraphQL', [paid, null], 200, 'abandon'],
    ['an empty list', [], 200, 'complete'],
    ['no body', undefined, 204, 'complete'],
    ['errors that are no list', { errors: 'down' }, 200, 'abandon'],
    ['errors of which one is nothing', { errors: [null] }, 200, 'release'],
  ])('%s', (_, body, statusCode, decision) => {
    expect(graphql(answer(body, statusCode))).toBe(decision)
  })
})

test('a bundle that does not use the policy does not contain it', async () => {
  const bundled = async (name: string): Promise<string> => {
    const { outputFiles } = await build({
      stdin: {
        contents: `export { ${name} } from './http/index.ts'`,
        resolveDir: fileURLToPath(new URL('../../lib', import.meta.url)),
      },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
    })
    return outputFiles.map(({ text }) => text).join()
  }
  expect(await bundled('graphql')).toContain('INTERNAL_SERVER_ERROR')
  expect(await bundled('idempotent')).not.toContain('INTERNAL_SERVER_ERROR')
})

interface Sent {
  readonly query?: string
  readonly variables?: object
  readonly extensions?: object
}

describe('with Apollo Server', () => {
  const servers: ApolloServer[] = []
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  /** `pay` fails at its first run if this is true. */
  const api = ({ fails = false, ...more }: { fails?: boolean; payload?: (event: TestEvent) => unknown } = {}) => {
    let runs = 0
    const server = new ApolloServer({
      typeDefs: 'type Query { a: Int } type Mutation { pay(amount: Int!): Int }',
      resolvers: {
        Mutation: {
          pay: () => {
            if (++runs === 1 && fails) throw new Error('provider down')
            return runs
          },
        },
      },
      nodeEnv: 'test',
      allowBatchedHttpRequests: true,
    })
    servers.push(server)
    const inner = startServerAndCreateLambdaHandler(
      server as never,
      handlers.createAPIGatewayProxyEventV2RequestHandler(),
    )
    const handler = idempotent(inner as unknown as (event: TestEvent) => Promise<unknown>, {
      store: memoryStore(),
      operation: 'graphql',
      tenant: 'single-tenant',
      outcomes: graphql,
      ...more,
    })
    const send = async (
      body: Sent | readonly unknown[],
      headers: readonly (readonly [string, string])[] = [],
    ): Promise<Answered> => {
      const all = [['Idempotency-Key', 'k-1'], ['Content-Type', 'application/json'], ...headers] as const
      return answered(await handler(payment(undefined, body, { path: '/graphql', headers: all }), contextWith()))
    }
    return { send, runs: () => runs }
  }

  const statusOf = ({ headers }: Answered): string | undefined => headers['idempotency-status']
  const query = 'mutation { pay(amount: 1) }'
  const persisted = (of: string) => ({
    persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(of).digest('hex') },
  })

  test('a mutation that fails is not stored: its retry runs', async () => {
    const { send, runs } = api({ fails: true })
    const first = await send({ query })
    expect([first.statusCode, statusOf(first)]).toEqual([200, 'abandoned'])
    expect(JSON.parse(first.body)).toMatchObject({ errors: [{ message: 'provider down' }], data: { pay: null } })
    const second = await send({ query })
    expect([JSON.parse(second.body), statusOf(second)]).toEqual([{ data: { pay: 2 } }, 'created'])
    expect(statusOf(await send({ query }))).toBe('replayed')
    expect(runs()).toBe(2)
  })

  test('automatic persisted queries: the mutation runs once, when the client sends the whole query', async () => {
    const { send, runs } = api()
    const extensions = persisted(query)
    const unknown = await send({ extensions })
    expect([unknown.statusCode, statusOf(unknown), runs()]).toEqual([200, 'released', 0])
    expect(JSON.parse(unknown.body)).toMatchObject({ errors: [{ message: 'PersistedQueryNotFound' }] })
    expect(statusOf(await send({ query, extensions }))).toBe('created')
    expect(statusOf(await send({ query, extensions }))).toBe('replayed')
    expect(runs()).toBe(1)
  })

  test('automatic persisted queries: a retry with only the hash is a replay, if the payload leaves the query out', async () => {
    const { send, runs } = api({
      payload: ({ body }) => {
        const { query: text, ...rest } = JSON.parse(body ?? '{}')
        return rest.extensions?.persistedQuery === undefined ? { text, ...rest } : rest
      },
    })
    const extensions = persisted(query)
    await send({ extensions })
    expect(statusOf(await send({ query, extensions }))).toBe('created')
    expect(statusOf(await send({ extensions }))).toBe('replayed')
    const other = 'mutation { pay(amount: 2) }'
    expect((await send({ query: other, extensions: persisted(other) })).statusCode).toBe(422)
    expect(runs()).toBe(1)
  })

  test.each<[string, Sent, string]>([
    ['cannot be parsed', { query: 'mutation {' }, 'GRAPHQL_PARSE_FAILED'],
    ['is not valid', { query: 'mutation { refund }' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['has no variables', { query: 'mutation ($amount: Int!) { pay(amount: $amount) }' }, 'BAD_USER_INPUT'],
  ])('a document that %s is released: the client may correct it under the same key', async (_, sent, code) => {
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const { send, runs } = api()
      const refused = await send(sent, [['Accept', accept]])
      expect(JSON.parse(refused.body)).toMatchObject({ errors: [{ extensions: { code } }] })
      expect([statusOf(refused), runs()]).toEqual(['released', 0])
      expect(statusOf(await send({ query }, [['Accept', accept]]))).toBe('created')
    }
  })

  test('an Accept that Apollo refuses after the mutation ran does not release', async () => {
    const { send, runs } = api()
    const refused = await send({ query }, [['Accept', 'text/html']])
    expect([refused.statusCode, statusOf(refused), runs()]).toEqual([406, 'abandoned', 1])
  })

  test('a batch that Apollo refuses as a whole, after a part of it ran, does not release', async () => {
    const { send, runs } = api()
    const refused = await send([{ query }, 'no operation'])
    expect([refused.statusCode, statusOf(refused), runs()]).toEqual([400, 'abandoned', 1])
  })

  test('a batch with a failed operation is not stored, one without errors is', async () => {
    const { send } = api({ fails: true })
    expect(statusOf(await send([{ query }, { query }]))).toBe('abandoned')
    expect(statusOf(await send([{ query }, { query }]))).toBe('created')
  })
})
