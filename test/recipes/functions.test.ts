import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { contextWith } from '../support/http-events.ts'
import { chargesOf, loadRecipe } from './load-recipe.ts'

type Handler = (event: object, context: object) => Promise<unknown>

interface Recipe {
  readonly name: string
  readonly load: () => Promise<{ readonly handler: unknown }>
  /** The event of one payment. */
  readonly event: (key: string, amount: number) => object
  /** What a second call gets that comes while the first runs: its answer, or an error that its caller retries. */
  readonly meanwhile: 'the answer' | 'in-progress'
}

const RECIPES: readonly Recipe[] = [
  {
    name: 'AppSync',
    load: () => import('../../examples/recipes/appsync.ts'),
    event: (idempotencyKey, amount) => ({ arguments: { amount, idempotencyKey }, identity: { sub: 'user-1' } }),
    meanwhile: 'the answer',
  },
  {
    name: 'Cognito',
    load: () => import('../../examples/recipes/cognito.ts'),
    event: (userName) => ({ triggerSource: 'PostConfirmation_ConfirmSignUp', userPoolId: 'pool-1', userName }),
    meanwhile: 'the answer',
  },
  {
    name: 'Step Functions',
    load: () => import('../../examples/recipes/step-functions.ts'),
    event: (id, amount) => ({ amount, context: { Execution: { Id: id }, State: { Name: 'Pay' } } }),
    meanwhile: 'in-progress',
  },
  {
    name: 'WebSocket',
    load: () => import('../../examples/recipes/websocket.ts'),
    event: (key, amount) => ({
      requestContext: { routeKey: 'pay', connectionId: 'c-1', authorizer: { principalId: 'user-1' } },
      body: JSON.stringify({ action: 'pay', key, amount }),
    }),
    meanwhile: 'the answer',
  },
]

/** The WebSocket route says in its answer whether it is a replay. */
const withoutStatus = (answer: unknown): unknown => JSON.parse(JSON.stringify(answer).replace(/created|replayed/, ''))

describe.each(RECIPES)('$name', ({ load, event, meanwhile }) => {
  let handler: Handler

  beforeAll(async () => {
    handler = (await loadRecipe(load)).handler as Handler
  })

  const call = (key: string, amount = 5): Promise<unknown> => handler(event(key, amount), contextWith())

  test('a second call gets the answer of the first, and charges nothing', async () => {
    const { answer: first, made } = await chargesOf(() => call('k-1'))
    const { answer: second, made: again } = await chargesOf(() => call('k-1'))
    expect(withoutStatus(second)).toEqual(withoutStatus(first))
    expect([made.length, again.length]).toEqual([1, 0])
    expect(made[0]?.key).toMatch(/^[\w-]{20,}$/)
  })

  test('two calls at once charge once', async () => {
    const both = () => Promise.allSettled([call('k-2'), call('k-2')])
    const { answer: results, made } = await chargesOf(both)
    expect(made).toHaveLength(1)
    const refused = results.filter(({ status }) => status === 'rejected') as readonly PromiseRejectedResult[]
    if (meanwhile === 'the answer') expect(refused).toEqual([])
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'in-progress' })
  })
})

test('a WebSocket client that reuses its key is told so', async () => {
  const handler = (await loadRecipe(() => import('../../examples/recipes/websocket.ts'))).handler as unknown as Handler
  const send = (amount: number) =>
    handler(
      {
        requestContext: { authorizer: { principalId: 'user-2' } },
        body: JSON.stringify({ action: 'pay', key: 'k-3', amount }),
      },
      contextWith(),
    ) as Promise<{ readonly statusCode: number; readonly body: string }>
  await send(5)
  const { statusCode, body } = await send(6)
  expect([statusCode, JSON.parse(body)]).toEqual([409, { key: 'k-3', code: 'key-reused', retryable: false }])
})

describe('MCP', () => {
  const connect = async () => {
    const { createServer } = await loadRecipe(() => import('../../examples/recipes/mcp.ts'))
    const server = createServer('user-1')
    const client = new Client({ name: 'test', version: '1.0.0' })
    const [ours, theirs] = InMemoryTransport.createLinkedPair()
    await Promise.all([server.connect(ours), client.connect(theirs)])
    const pay = (amount: number, idempotencyKey: string) =>
      client.callTool({ name: 'pay', arguments: { amount, idempotencyKey } })
    return { client, pay }
  }

  test('a model that calls the tool again gets the first result, marked as a replay', async () => {
    const { client, pay } = await connect()
    const { answer: first, made } = await chargesOf(() => pay(5, 'k-1'))
    const { answer: second, made: again } = await chargesOf(() => pay(5, 'k-1'))
    expect([made.length, again.length]).toEqual([1, 0])
    expect(first).toMatchObject({ _meta: { 'lambda-once/status': 'created' } })
    expect(second).toMatchObject({ content: first.content, _meta: { 'lambda-once/status': 'replayed' } })
    expect(await pay(6, 'k-1')).toMatchObject({ isError: true, _meta: { 'lambda-once/code': 'key-reused' } })
    await client.close()
  })

  test('the description of the tool says what the key is for', async () => {
    const { client } = await connect()
    const { tools } = await client.listTools()
    expect(tools[0]).toMatchObject({ name: 'pay', annotations: { idempotentHint: true } })
    expect(JSON.stringify(tools[0]?.inputSchema)).toContain('use the same key')
    await client.close()
  })
})
