import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import middy from '@middy/core'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { type HttpOptions, idempotent } from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { idempotentWrite, type Plan, type WriteOptions } from '../../lib/write/index.ts'
import { testClient } from '../support/dynamodb.ts'
import {
  contextWith,
  EVENT_KINDS,
  EVENT_MAKERS,
  payment,
  type TestEvent,
  type TestEventKind,
} from '../support/http-events.ts'
import { type Answered, answered, errorsLogged, type Harness, harness } from '../support/http-harness.ts'
import { aName, openShop, type Shop } from '../support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})

type Made = Plan | Promise<Plan>

const created = (id: string) => ({
  statusCode: 201,
  headers: { location: `/orders/${id}` },
  body: JSON.stringify({ id }),
})
const soldOut = { statusCode: 409, body: '{"error":"sold out"}' }

const ordering = (id: string, answer: unknown = created(id)): Plan => ({
  items: [shop.order(id)],
  answer,
  refused: () => soldOut,
})

interface Subject extends Harness {
  readonly handler: (event: TestEvent, context: ReturnType<typeof contextWith>) => Promise<unknown>
  readonly send: (event: TestEvent) => Promise<Answered>
}

const subject = async (
  plan: (event: TestEvent) => Made,
  over: Partial<WriteOptions<TestEvent>> = {},
): Promise<Subject> => {
  const made = await harness()
  const options = { ...made.options, ...over } as WriteOptions<TestEvent>
  const handler = idempotentWrite(plan, options)
  return { ...made, handler, send: async (event) => answered(await handler(event, contextWith())) }
}

const statusOf = ({ headers }: Answered) => headers['idempotency-status']
const codeOf = ({ body }: Answered) => JSON.parse(body).code
const withoutLayer = ({
  headers: { 'idempotency-status': _, 'idempotent-replayed': __, ...headers },
  ...rest
}: Answered) => ({
  ...rest,
  headers,
})

const eventOf = (kind: TestEventKind, key: string): TestEvent =>
  EVENT_MAKERS[kind]({ headers: [['Idempotency-Key', key]], body: '{"sku":"book"}' })

describe.each(EVENT_KINDS)('The events of %s', (kind) => {
  const tenant = 'single-tenant'

  test('I31 the first answer is marked as created, and a retry gets it byte for byte as replayed', async () => {
    const id = aName()
    const { send, record, calls } = await subject(() => ordering(id), { tenant })
    const first = await send(eventOf(kind, 'k'))
    const second = await send(eventOf(kind, 'k'))
    expect([first.statusCode, statusOf(first), statusOf(second)]).toEqual([201, 'created', 'replayed'])
    expect(second.headers['idempotent-replayed']).toBe('true')
    expect(withoutLayer(second)).toEqual(withoutLayer(first))
    expect(await record()).toMatchObject({ status: 'SUCCEEDED' })
    expect(await shop.has(id)).toBe(true)
    expect(calls.filter((call) => call !== 'peek')).toEqual(['commit', 'commit'])
  })

  test('a refusal, and an answer without items, are marked as released, and nothing is stored', async () => {
    const id = aName()
    let plan: Plan = ordering(id)
    const { send } = await subject(() => plan, { tenant })
    await send(eventOf(kind, 'first'))
    const refused = await send(eventOf(kind, 'k'))
    expect([refused.statusCode, refused.body, statusOf(refused)]).toEqual([409, soldOut.body, 'released'])
    plan = { answer: { statusCode: 400, body: 'bad' } }
    const bad = await send(eventOf(kind, 'k'))
    expect([bad.statusCode, bad.body, statusOf(bad)]).toEqual([400, 'bad', 'released'])
    plan = ordering(aName())
    expect(statusOf(await send(eventOf(kind, 'k')))).toBe('created')
  })

  test('another payload under the key is a problem', async () => {
    const { send } = await subject(() => ordering(aName()), { tenant })
    await send(eventOf(kind, 'k'))
    const other = EVENT_MAKERS[kind]({ headers: [['Idempotency-Key', 'k']], body: '{"sku":"pen"}' })
    const answer = await send(other)
    expect([answer.statusCode, codeOf(answer), statusOf(answer)]).toEqual([422, 'key-reused', undefined])
  })
})

test('a 4xx that is written with items is stored as FAILED, and replayed', async () => {
  const id = aName()
  const { send, record } = await subject(() => ordering(id, { statusCode: 402, body: 'declined' }))
  const first = await send(payment('k'))
  const second = await send(payment('k'))
  expect([first, second].map((answer) => [answer.statusCode, answer.body, statusOf(answer)])).toEqual([
    [402, 'declined', 'created'],
    [402, 'declined', 'replayed'],
  ])
  expect(await record()).toMatchObject({ status: 'FAILED' })
})

test('an answer without a status is what API Gateway makes of it, the first time and every time', async () => {
  const { send } = await subject(() => ordering(aName(), { id: 7 }))
  for (const status of ['created', 'replayed']) {
    const answer = await send(payment('k'))
    expect([answer.statusCode, answer.body, statusOf(answer)]).toEqual([200, '{"id":7}', status])
  }
})

test('Set-Cookie is given once, and not stored', async () => {
  const answer = { ...created('1'), headers: { 'set-cookie': 'a=1', 'x-a': '1' } }
  const { send } = await subject(() => ordering(aName(), answer))
  expect((await send(payment('k'))).headers).toMatchObject({ 'set-cookie': 'a=1', 'x-a': '1' })
  const second = await send(payment('k'))
  expect(second.headers).toMatchObject({ 'x-a': '1' })
  expect(second.headers['set-cookie']).toBeUndefined()
})

test('the plan gets the event and the context, and the handler takes exactly two arguments', async () => {
  const given: unknown[] = []
  const { handler } = await subject(((...all: unknown[]) => {
    given.push(...all)
    return { answer: { statusCode: 200, body: '' } }
  }) as never)
  const [event, context] = [payment('k'), contextWith()]
  await handler(event, context)
  expect(given).toEqual([event, context])
  expect(handler).toHaveLength(2)
})

describe('Problems', () => {
  const mustNotPlan = () => {
    throw new Error('not planned')
  }

  test.each<[string, string | undefined, Partial<WriteOptions<TestEvent>>, number, string]>([
    ['no key', undefined, {}, 400, 'key-missing'],
    ['a bad key', 'a"b', {}, 400, 'key-invalid'],
    ['no tenant', 'k', { tenant: () => undefined as never }, 500, 'scope-missing'],
  ])('%s: the plan is not made, and the store is not called', async (_, key, over, status, code) => {
    const { send, calls } = await subject(mustNotPlan, over)
    await errorsLogged(async () => {
      const answer = await send(payment(key))
      expect([answer.statusCode, codeOf(answer), statusOf(answer)]).toEqual([status, code, undefined])
    })
    expect(calls).toEqual([])
  })

  test('an option may refuse the client', async () => {
    const tenant = () => {
      throw Object.assign(new Error('no access'), { statusCode: 403, expose: true })
    }
    const { send } = await subject(mustNotPlan, { tenant })
    const answer = await send(payment('k'))
    expect([answer.statusCode, JSON.parse(answer.body).detail]).toEqual([403, 'no access'])
  })

  test('I33 beside a live claim: 409 with Retry-After', async () => {
    const { send, options } = await subject(() => ordering(aName()))
    let told: Answered | undefined
    const other = idempotent(
      async () => {
        told = await send(payment('k'))
        return created('1')
      },
      options as HttpOptions<TestEvent>,
    )
    await other(payment('k'), contextWith())
    expect(told && [told.statusCode, codeOf(told)]).toEqual([409, 'in-progress'])
    expect(Number(told?.headers['retry-after'])).toBeGreaterThan(10)
    expect(statusOf(await send(payment('k')))).toBe('replayed')
  })

  test('I33 over a held record: 409, not retryable', async () => {
    const { send, options } = await subject(() => ordering(aName()), { abandoned: 'hold' })
    const failing = idempotent(() => Promise.reject(new Error('boom')), options as HttpOptions<TestEvent>)
    await failing(payment('k'), contextWith()).catch(() => {})
    const answer = await send(payment('k'))
    expect([answer.statusCode, codeOf(answer), JSON.parse(answer.body).retryable]).toEqual([
      409,
      'outcome-unknown',
      false,
    ])
  })

  test('I33 a refusal over a record in doubt is marked as abandoned', async () => {
    const id = aName()
    const { send, options } = await subject(() => ordering(id))
    await send(payment('first'))
    const failing = idempotent(() => Promise.reject(new Error('boom')), options as HttpOptions<TestEvent>)
    await failing(payment('k'), contextWith()).catch(() => {})
    const answer = await send(payment('k'))
    expect([answer.statusCode, answer.body, statusOf(answer)]).toEqual([409, soldOut.body, 'abandoned'])
  })

  test('no store: 503 with Retry-After', async () => {
    const client = testClient({ endpoint: 'http://127.0.0.1:1' })
    const { send } = await subject(() => ordering(aName()), { store: dynamoDbStore({ tableName: 'none', client }) })
    const answer = await send(payment('k'))
    expect([answer.statusCode, codeOf(answer), answer.headers['retry-after']]).toEqual([
      503,
      'idempotency-unavailable',
      '1',
    ])
  })

  test('no table: 500, and the remedy is in the log only', async () => {
    const store = dynamoDbStore({ tableName: 'no-such-table', client: testClient() })
    const { send } = await subject(() => ordering(aName()), { store })
    const logged = await errorsLogged(async () => {
      const answer = await send(payment('k'))
      expect([answer.statusCode, codeOf(answer)]).toEqual([500, 'store-misconfigured'])
      expect(answer.body).not.toContain('no-such-table')
    })
    expect(logged.join()).toMatch(/store-misconfigured: .*no-such-table/)
  })

  test('the option problem makes the answer', async () => {
    const { send } = await subject(mustNotPlan, { problem: ({ body }) => ({ statusCode: 418, body: body.code }) })
    const answer = await send(payment(undefined))
    expect([answer.statusCode, answer.body]).toEqual([418, 'key-missing'])
  })

  test('a stored answer that is none of this layer’s is not replayable', async () => {
    const { send, record, tableName } = await subject(() => ordering(aName()))
    await send(payment('k'))
    const key = { pk: { S: String((await record())?.recordKey) } }
    await testClient().send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: key,
        UpdateExpression: 'SET #outcome = :broken',
        ExpressionAttributeNames: { '#outcome': 'outcome' },
        ExpressionAttributeValues: { ':broken': { B: Buffer.of(9, 9) } },
      }),
    )
    const answer = await send(payment('k'))
    expect([answer.statusCode, codeOf(answer)]).toEqual([409, 'replay-unavailable'])
  })
})

describe('An error of the plan goes to the caller, as the very object', () => {
  test.each([
    ['a plain one', new Error('boom')],
    ['one for the client', Object.assign(new Error('no'), { statusCode: 404, expose: true })],
  ])('%s', async (_, error) => {
    const { handler, record } = await subject(() => {
      throw error
    })
    await expect(handler(payment('k'), contextWith())).rejects.toBe(error)
    expect(await record()).toBeUndefined()
  })

  test('so Middy’s onError sees it', async () => {
    const error = Object.assign(new Error('no'), { statusCode: 404, expose: true })
    const { handler } = await subject(() => Promise.reject(error))
    const chain = middy(handler as never).onError((request) => {
      request.response = { statusCode: (request.error as typeof error).statusCode }
    })
    expect(await chain(payment('k') as never, contextWith() as never)).toEqual({ statusCode: 404 })
  })
})

describe('likelyReplay', () => {
  test('reads first: a replay costs a read, and the plan is not made', async () => {
    let plans = 0
    const { send, calls } = await subject(
      () => {
        plans++
        return ordering(aName())
      },
      { likelyReplay: () => true },
    )
    expect(statusOf(await send(payment('k')))).toBe('created')
    expect(statusOf(await send(payment('k')))).toBe('replayed')
    expect(calls).toEqual(['peek', 'commit', 'peek'])
    expect(plans).toBe(1)
    const other = await send(payment('k', { amount: 1 }))
    expect(codeOf(other)).toBe('key-reused')
    expect(plans).toBe(1)
  })

  test('reads once only for a plan without items', async () => {
    const { send, calls } = await subject(() => ({ answer: { statusCode: 400, body: '' } }), {
      likelyReplay: () => true,
    })
    await send(payment('k'))
    expect(calls).toEqual(['peek'])
  })
})

describe('A method that is not protected', () => {
  const get = () => payment('k', undefined, { method: 'GET' })

  test('gets its answer untouched, without a store call', async () => {
    const { handler, calls } = await subject(() => ({ answer: { statusCode: 200, body: 'list' } }))
    expect(await handler(get(), contextWith())).toEqual({ statusCode: 200, body: 'list' })
    expect(calls).toEqual([])
  })

  test.each([
    ['items', () => ordering('x')],
    ['no plan', () => undefined],
  ])('cannot write: a plan with %s is a TypeError', async (_, plan) => {
    const { handler } = await subject(plan as () => Plan)
    await expect(handler(get(), contextWith())).rejects.toThrow(
      new TypeError(
        'idempotentWrite(plan, options): the method of this request is not in the option methods, so its plan must be { answer }',
      ),
    )
  })
})

test('the events say what happened, and nothing of keys, items and answers', async () => {
  const id = aName()
  const { send, events } = await subject(() => ordering(id))
  await send(payment('secret-key'))
  await send(payment('secret-key'))
  await send(payment('secret-key', { amount: 1 }))
  expect(events.map(({ type }) => type)).toEqual(['completed', 'replayed', 'mismatched'])
  expect(JSON.stringify(events)).not.toMatch(new RegExp(`secret-key|${id}|location`))
})

test('works over a memory store with a stand-in for the tables', async () => {
  const rows: unknown[] = []
  const store = memoryStore({ transact: (items) => void rows.push(...items) })
  const { send } = await subject(() => ordering('1'), { store })
  expect([statusOf(await send(payment('k'))), statusOf(await send(payment('k')))]).toEqual(['created', 'replayed'])
  expect(rows).toHaveLength(1)
})
