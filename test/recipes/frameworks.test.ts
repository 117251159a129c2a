import { contextWith, EVENT_MAKERS, type Sent } from '../support/http-events.ts'
import { type Answered, answered } from '../support/http-harness.ts'
import { chargesOf, loadRecipe } from './load-recipe.ts'

interface Recipe {
  readonly name: string
  readonly load: () => Promise<{ readonly handler: unknown }>
  readonly path: string
  /** The status of a payment. */
  readonly created: number
}

const RECIPES: readonly Recipe[] = [
  { name: 'Hono', load: () => import('../../examples/recipes/hono.ts'), path: '/payments', created: 201 },
  { name: 'Express', load: () => import('../../examples/recipes/express.ts'), path: '/payments', created: 201 },
  { name: 'Fastify', load: () => import('../../examples/recipes/fastify.ts'), path: '/payments', created: 201 },
  { name: 'NestJS', load: () => import('../../examples/recipes/nest.ts'), path: '/payments', created: 201 },
  { name: 'tRPC', load: () => import('../../examples/recipes/trpc.ts'), path: '/pay', created: 200 },
]

type Handler = (event: object, context: object) => Promise<unknown>

describe.each(RECIPES)('$name', ({ load, path, created }) => {
  let handler: Handler

  beforeAll(async () => {
    handler = (await loadRecipe(load)).handler as Handler
  })

  const pay = async (key: string | undefined, amount: number, over: Sent = {}): Promise<Answered> => {
    const event = EVENT_MAKERS['http-api']({
      path,
      template: undefined,
      headers: [
        ['Content-Type', 'application/json'],
        ...(key === undefined ? [] : [['Idempotency-Key', key] as const]),
      ],
      body: JSON.stringify({ amount }),
      ...over,
    })
    const { requestContext } = event
    const http = { ...(requestContext.http as object), sourceIp: '127.0.0.1' }
    return answered(await handler({ ...event, requestContext: { ...requestContext, http } }, contextWith()))
  }

  const statusOf = ({ headers }: Answered): string | undefined => headers['idempotency-status']

  test('a retry gets the answer of the first request, byte for byte, and charges nothing', async () => {
    const { answer: first, made } = await chargesOf(() => pay('k-1', 5))
    expect([first.statusCode, statusOf(first)]).toEqual([created, 'created'])
    expect(made).toEqual([{ amount: 5, key: expect.stringMatching(/^[\w-]{20,}$/) }])
    const { answer: retry, made: again } = await chargesOf(() => pay('k-1', 5))
    expect([retry.statusCode, retry.body, statusOf(retry)]).toEqual([created, first.body, 'replayed'])
    expect(retry.headers['content-type']).toBe(first.headers['content-type'])
    expect(again).toEqual([])
  })

  test('a request without a key, and a key with another body, are refused', async () => {
    const missing = await pay(undefined, 5)
    expect([missing.statusCode, JSON.parse(missing.body).code]).toEqual([400, 'key-missing'])
    await pay('k-2', 5)
    const { answer: reused, made } = await chargesOf(() => pay('k-2', 6))
    expect([reused.statusCode, JSON.parse(reused.body).code]).toEqual([422, 'key-reused'])
    expect(made).toEqual([])
  })

  test('20 requests with one key at once charge once', async () => {
    const { answer: answers, made } = await chargesOf(() =>
      Promise.all(Array.from({ length: 20 }, () => pay('k-3', 5))),
    )
    expect(made).toHaveLength(1)
    expect(answers.filter((answer) => statusOf(answer) === 'created')).toHaveLength(1)
    for (const { statusCode, body } of answers.filter((answer) => statusOf(answer) === undefined)) {
      expect([statusCode, JSON.parse(body).code]).toEqual([409, 'in-progress'])
    }
  })

  test('a 4xx of the framework releases the key: the client may correct its body', async () => {
    const { answer: refused, made } = await chargesOf(() => pay('k-4', -1))
    expect([refused.statusCode, statusOf(refused), made]).toEqual([400, 'released', []])
    const { answer: corrected, made: then } = await chargesOf(() => pay('k-4', 1))
    expect([corrected.statusCode, then.length]).toEqual([created, 1])
  })

  test('another path is another operation, and a GET passes through', async () => {
    const { answer } = await chargesOf(() => pay('k-5', 5, { path: '/elsewhere' }))
    expect(answer.statusCode).toBe(404)
    const got = await pay(undefined, 5, { method: 'GET', path: '/elsewhere', body: '' })
    expect([got.statusCode, statusOf(got)]).toEqual([404, undefined])
  })
})
