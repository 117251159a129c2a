import middy from '@middy/core'
import { type Reconciled, reconcile } from '../../lib/effects/index.ts'
import { type HttpOptions, idempotency, idempotent } from '../../lib/http/index.ts'
import { type IdempotencyError, type OnceRequest, once } from '../../lib/index.ts'
import { type PowertoolsTableOptions, powertoolsHash, powertoolsKey, powertoolsTable } from '../../lib/migrate/index.ts'
import { tableOperator } from '../../lib/operator/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { freshTable, testClient } from '../support/dynamodb.ts'
import { denied, faultProxy, throttled, timeoutBefore } from '../support/fault-proxy.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { type Answered, answered, gate, harness, quietly } from '../support/http-harness.ts'
import { chainOf } from '../support/middy-chain.ts'
import { openScene, PATIENT } from '../support/scene.ts'
import { anEvent, aRecord, type Order, orderOptions, returned } from '../support/sqs.ts'
import { itemsOf, type OldOptions, oldFunction, oldTable, PREFIX, putItem } from './old-function.ts'

let old: string
beforeAll(async () => {
  old = await oldTable()
})

const keyHeader = (event: TestEvent): string => String(event.headers?.['idempotency-key'])
const OLD: OldOptions = { eventKeyJmesPath: 'headers."idempotency-key"' }

let keys = 0
const newKey = (): string => `order-${process.pid}-${++keys}`
const idOf = (key: string): string => powertoolsKey(PREFIX, key)

const predecessor = (over: Partial<PowertoolsTableOptions<TestEvent>> = {}) =>
  powertoolsTable<TestEvent>({
    tableName: old,
    client: testClient(),
    keyOf: (event) => powertoolsKey(PREFIX, keyHeader(event)),
    ...over,
  })

/** The new function, and what its handler ran for. */
const newFunction = async (options: Partial<HttpOptions<TestEvent>> = {}) => {
  const ran: string[] = []
  const { options: all, ...rest } = await harness({ predecessor: predecessor(), ...options })
  const handler = idempotent(async (event: TestEvent) => {
    ran.push(keyHeader(event))
    return { statusCode: 201, body: '"new"' }
  }, all)
  const send = async (key: string, body: unknown = { amount: 1 }): Promise<Answered> =>
    answered(await handler(payment(key, body), contextWith()))
  return { ...rest, ran, send, types: () => rest.events.map(({ type }) => type) }
}

const codeOf = ({ body }: Answered): string | undefined => JSON.parse(body).code

/** The old function answers this request. */
const answeredBefore = (key: string, answer: unknown, options: OldOptions = OLD): Promise<unknown> =>
  oldFunction(old, async () => answer, options)(payment(key, { amount: 1 }))

describe('a request that the old function has answered', () => {
  test('A15 is replayed by the new one, and does not run', async () => {
    const key = newKey()
    const answer = { statusCode: 202, headers: { 'x-charge': 'ch_1' }, body: '{"charge":"ch_1"}' }
    await answeredBefore(key, answer)
    const { send, ran, types } = await newFunction()
    const replayed = await send(key)
    expect(replayed).toMatchObject({ statusCode: 202, body: answer.body })
    expect(replayed.headers).toMatchObject({ 'x-charge': 'ch_1', 'idempotency-status': 'replayed' })
    expect(ran).toEqual([])
    expect(types()).toEqual(['claimed', 'completed', 'replayed'])
  })

  test('A15 is kept in the new table: the old one is read once, and never written', async () => {
    const key = newKey()
    await answeredBefore(key, { statusCode: 201, body: '1' })
    const before = await itemsOf(old)
    let looks = 0
    const keyOf = (event: TestEvent): string => {
      looks += 1
      return idOf(keyHeader(event))
    }
    const { send, ran } = await newFunction({ predecessor: predecessor({ keyOf }) })
    await send(key)
    expect(await send(key)).toMatchObject({ statusCode: 201, body: '1' })
    expect({ looks, ran }).toEqual({ looks: 1, ran: [] })
    expect(await itemsOf(old)).toEqual(before)
  })

  test('is answered to one of many at once, and the others get a conflict or the answer', async () => {
    const key = newKey()
    await answeredBefore(key, { statusCode: 201, body: '1' })
    const { send, ran } = await newFunction()
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(key)))
    expect(ran).toEqual([])
    const statuses = answers.map(({ statusCode }) => statusCode)
    expect(statuses).toContain(201)
    expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([])
  })

  test('keeps a refusal as a refusal', async () => {
    const key = newKey()
    await answeredBefore(key, { statusCode: 402, body: '"declined"' })
    const { send, record } = await newFunction()
    expect(await send(key)).toMatchObject({ statusCode: 402, body: '"declined"' })
    expect(await record()).toMatchObject({ status: 'FAILED' })
  })

  test('that returned nothing does not run again', async () => {
    const key = newKey()
    await answeredBefore(key, undefined)
    const { send, ran } = await newFunction()
    expect(await send(key)).toMatchObject({ statusCode: 200 })
    expect(ran).toEqual([])
  })

  test('and whose answer JSON cannot hold does not run again', async () => {
    const key = newKey()
    await answeredBefore(key, { n: 1 })
    const [item] = (await itemsOf(old)).filter(({ id }) => id?.S === idOf(key))
    await putItem(old, { ...item, data: { M: { n: { N: '12345678901234567890' } } } })
    const { send, ran } = await newFunction()
    const replay = await quietly(() => send(key))
    expect([codeOf(replay), ran]).toEqual(['replay-unavailable', []])
  })

  test('is a mismatch if the new function gets another payload under the key', async () => {
    const key = newKey()
    await answeredBefore(key, { statusCode: 201, body: '1' })
    const { send } = await newFunction()
    await send(key)
    expect(codeOf(await send(key, { amount: 2 }))).toBe('key-reused')
  })

  test('runs once its old record has expired', async () => {
    const key = newKey()
    await answeredBefore(key, { statusCode: 201, body: '1' }, { ...OLD, expiresAfterSeconds: -60 })
    const { send, ran } = await newFunction()
    expect(await send(key)).toMatchObject({ body: '"new"' })
    expect(ran).toEqual([key])
  })
})

describe('a request that the old function is running', () => {
  const running = async (key: string, options: OldOptions = OLD) => {
    const [started, ends] = [gate(), gate()]
    const run = oldFunction(
      old,
      async () => {
        started.open()
        await ends.opened
        return { statusCode: 201, body: '"old"' }
      },
      options,
    )(payment(key, { amount: 1 }))
    await started.opened
    const end = (): Promise<unknown> => {
      ends.open()
      return run
    }
    return { end }
  }

  test('A15 is a conflict, and gets the old answer when the run has ended', async () => {
    const key = newKey()
    const { end } = await running(key)
    const { send, ran, record } = await newFunction()
    const refused = await send(key)
    expect(refused).toMatchObject({ statusCode: 409 })
    expect(codeOf(refused)).toBe('in-progress')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(1)
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(14)
    expect(await record()).toMatchObject({ status: 'RELEASED' })
    await end()
    expect(await send(key)).toMatchObject({ statusCode: 201, body: '"old"' })
    expect(ran).toEqual([])
  })

  test('is a conflict also if the old record does not say how long the run may take', async () => {
    const key = newKey()
    const { end } = await running(key, { ...OLD, remainingMillis: 0 })
    const { send, ran } = await newFunction()
    expect((await send(key)).headers['retry-after']).toBe('60')
    await end()
    expect(ran).toEqual([])
  })

  test('is waited for, if the new function waits', async () => {
    const key = newKey()
    const { end } = await running(key)
    const { send, ran } = await newFunction({ inProgress: { waitSeconds: 5 } })
    const waiting = send(key)
    setTimeout(() => void end(), 300)
    expect(await waiting).toMatchObject({ statusCode: 201, body: '"old"' })
    expect(ran).toEqual([])
  })

  test('runs if the old function throws: Powertools deletes its record', async () => {
    const key = newKey()
    const fail = oldFunction(old, () => Promise.reject(new Error('old')), OLD)
    await expect(fail(payment(key, { amount: 1 }))).rejects.toThrow()
    const { send, ran } = await newFunction()
    expect(await send(key)).toMatchObject({ body: '"new"' })
    expect(ran).toEqual([key])
  })
})

/** A request that the old function left in progress, as a crash leaves it. */
const crashed = async (): Promise<string> => {
  const key = newKey()
  await putItem(old, {
    id: { S: idOf(key) },
    status: { S: 'INPROGRESS' },
    expiration: { N: String(Math.round(Date.now() / 1_000) + 3_600) },
    in_progress_expiration: { N: String(Date.now() - 60_000) },
  })
  return key
}

describe('a request that the old function left in progress', () => {
  test("runs under 'rerun', as it did under Powertools", async () => {
    const key = await crashed()
    const { send, ran } = await newFunction()
    expect(await send(key)).toMatchObject({ body: '"new"' })
    expect(ran).toEqual([key])
  })

  test("is held under 'hold', until a person decides", async () => {
    const key = await crashed()
    const { send, ran, record, tableName, types } = await newFunction({ abandoned: 'hold' })
    expect(codeOf(await send(key))).toBe('outcome-unknown')
    expect(codeOf(await send(key))).toBe('outcome-unknown')
    expect(types()).toEqual(['claimed', 'abandoned', 'outcomeUnknown', 'outcomeUnknown'])
    const seen = await record()
    expect(seen).toMatchObject({ status: 'IN_PROGRESS', leaseExpiresAt: undefined })
    if (seen === undefined) throw new Error('There is no record')
    const operator = tableOperator({ tableName, client: testClient(), by: 'alice' })
    expect(await operator.release(seen, { reason: 'The provider has no charge' })).toMatchObject({ kind: 'done' })
    expect(await send(key)).toMatchObject({ body: '"new"' })
    expect(ran).toEqual([key])
  })

  test.each<[string, Reconciled, string | undefined, string | undefined, boolean]>([
    ['done', { done: { statusCode: 201, body: '"found"' } }, '"found"', undefined, false],
    ['rerun', { rerun: true }, '"new"', undefined, true],
    ['notDone', { notDone: true }, '"new"', undefined, true],
    ['unknown', { unknown: true }, undefined, 'outcome-pending', false],
  ])('is asked about under reconcile: %s', async (_, decision, body, code, runs) => {
    const key = await crashed()
    const errors: (string | undefined)[] = []
    const abandoned = reconcile<TestEvent>((_event, { lastError }) => {
      errors.push(lastError)
      return decision
    })
    const { send, ran } = await newFunction({ abandoned })
    const given = await send(key)
    if (body !== undefined) expect(given.body).toBe(body)
    else expect(codeOf(given)).toBe(code)
    expect({ errors, ran }).toEqual({ errors: ['PredecessorInDoubt'], ran: runs ? [key] : [] })
  })
})

test('the release of a person counts also if the reconcile function never knows', async () => {
  const key = await crashed()
  const { send, ran, record, tableName } = await newFunction({ abandoned: reconcile(() => ({ unknown: true })) })
  expect(codeOf(await send(key))).toBe('outcome-pending')
  const seen = await record()
  if (seen === undefined) throw new Error('There is no record')
  const operator = tableOperator({ tableName, client: testClient(), by: 'alice' })
  const release = () => operator.release(seen, { reason: 'The provider has no charge', despiteLiveLease: true })
  expect(await release()).toMatchObject({ kind: 'done' })
  expect(await send(key)).toMatchObject({ body: '"new"' })
  expect(ran).toEqual([key])
})

test('a request that the old function has never seen runs, and is asked about no further under reconcile', async () => {
  const asked: unknown[] = []
  const abandoned = reconcile<TestEvent>((event) => {
    asked.push(event)
    return { unknown: true }
  })
  const { send, ran } = await newFunction({ abandoned })
  const key = newKey()
  expect(await send(key)).toMatchObject({ body: '"new"' })
  expect({ asked, ran }).toEqual({ asked: [], ran: [key] })
})

test('a record that a new run left abandoned is looked up again, and its reconcile function is asked', async () => {
  const key = newKey()
  const asked: number[] = []
  let fails = true
  const { options } = await harness({
    predecessor: predecessor(),
    abandoned: reconcile<TestEvent>((_event, { attempt }) => {
      asked.push(attempt)
      return { rerun: true }
    }),
  })
  const handler = idempotent(async () => {
    if (fails) throw new Error('crash')
    return { statusCode: 201 }
  }, options)
  const send = () => handler(payment(key, { amount: 1 }), contextWith())
  await expect(send()).rejects.toThrow('crash')
  fails = false
  expect(answered(await send())).toMatchObject({ statusCode: 201 })
  expect(asked).toEqual([2])
})

describe('payload validation of the old function', () => {
  const VALIDATED: OldOptions = { ...OLD, payloadValidationJmesPath: 'body' }
  const validating = () => predecessor({ validationOf: ({ body }) => powertoolsHash(body) })

  test('another payload than the old one is refused, and the old one is replayed', async () => {
    const key = newKey()
    await answeredBefore(key, { statusCode: 201, body: '1' }, VALIDATED)
    const { send, ran } = await newFunction({ predecessor: validating() })
    expect(codeOf(await send(key, { amount: 2 }))).toBe('key-reused')
    expect(await send(key)).toMatchObject({ statusCode: 201, body: '1' })
    expect(ran).toEqual([])
  })
})

describe('A15 if the old table cannot be read, nothing runs', () => {
  test.each([
    ['it is throttled', throttled, 503, 'idempotency-unavailable'],
    ['it does not answer', timeoutBefore, 503, 'idempotency-unavailable'],
    ['the permission is missing', denied, 500, 'store-misconfigured'],
  ])('%s', async (_, fault, statusCode, code) => {
    const proxy = await faultProxy()
    proxy.script({ operation: 'GetItem', fault })
    const requestHandler = { connectionTimeout: 500, requestTimeout: 500, throwOnRequestTimeout: true }
    const client = testClient({ endpoint: proxy.endpoint, requestHandler })
    const { send, ran, record } = await newFunction({ predecessor: predecessor({ client }) })
    const key = newKey()
    const refused = await quietly(() => send(key))
    expect([refused.statusCode, codeOf(refused), ran]).toEqual([statusCode, code, []])
    expect(await record()).toMatchObject({ status: 'RELEASED' })
    proxy.script()
    await send(key)
    expect(ran).toEqual([key])
    await proxy.close()
  })

  test.each<[string, Partial<PowertoolsTableOptions<TestEvent>>]>([
    ['keyOf throws', { keyOf: () => JSON.parse('{') }],
    ['keyOf answers nothing', { keyOf: () => undefined as never }],
    ['the table does not exist', { tableName: 'absent' }],
    ['the names of the attributes are others', { statusAttr: 'state' }],
  ])('%s', async (_, over) => {
    const key = newKey()
    await answeredBefore(key, { statusCode: 201, body: '1' })
    const { send, ran } = await newFunction({ predecessor: predecessor(over) })
    const refused = await quietly(() => send(key))
    expect([codeOf(refused), ran]).toEqual(['store-misconfigured', []])
  })
})

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['an unsent request of another SDK', { promise: () => undefined }],
])('A15 a client that answers %s has not said that there is no old record', async (_, answer) => {
  const key = newKey()
  await answeredBefore(key, { statusCode: 201, body: '1' })
  const client = { send: async () => answer } as never
  const { send, ran } = await newFunction({ predecessor: predecessor({ client }) })
  const refused = await quietly(() => send(key))
  expect([codeOf(refused), ran]).toEqual(['store-misconfigured', []])
})

test('the old record is read with strong consistency', async () => {
  const inputs: unknown[] = []
  const client = testClient()
  const noted = (input: unknown): void => void inputs.push(input)
  client.middlewareStack.add(
    (next) => (given) => {
      noted(given.input)
      return next(given)
    },
    { step: 'initialize' },
  )
  const { send } = await newFunction({ predecessor: predecessor({ client }) })
  await send(newKey())
  expect(inputs).toEqual([expect.objectContaining({ TableName: old, ConsistentRead: true })])
})

test.each<[string, OldOptions['attributes'] & object]>([
  ['other names', { keyAttr: 'pk', statusAttr: 's', expiryAttr: 'e', inProgressExpiryAttr: 'i', dataAttr: 'd' }],
  ['a sort key', { keyAttr: 'pk', sortKeyAttr: 'sk', staticPkValue: 'idempotency#payments' }],
])('a table with %s is read', async (_, attributes) => {
  const tableName = await oldTable(attributes)
  const key = newKey()
  await oldFunction(tableName, async () => ({ statusCode: 201, body: '"old"' }), { ...OLD, attributes })(
    payment(key, { amount: 1 }),
  )
  const { send, ran } = await newFunction({ predecessor: predecessor({ tableName, ...attributes }) })
  expect(await send(key)).toMatchObject({ body: '"old"' })
  expect(ran).toEqual([])
})

test('the middleware form replays the old answer', async () => {
  const key = newKey()
  await answeredBefore(key, { statusCode: 201, body: '"old"' })
  const { options } = await harness({ predecessor: predecessor() })
  const ran: string[] = []
  const chain = chainOf(middy, [idempotency(options)], async () => {
    ran.push(key)
    return { statusCode: 201 }
  })
  expect(answered(await chain(payment(key, { amount: 1 }), contextWith()))).toMatchObject({ body: '"old"' })
  expect(ran).toEqual([])
})

test('an SQS message that the old function has processed is acknowledged, and one in progress comes back', async () => {
  const tableName = await freshTable()
  const old = await oldTable()
  const [done, running] = [newKey(), newKey()]
  await oldFunction(old, async () => ({ reserved: true }), { eventKeyJmesPath: 'messageId' })({ messageId: done })
  const [started, ends] = [gate(), gate()]
  const reserve = async (): Promise<void> => {
    started.open()
    await ends.opened
  }
  const open = oldFunction(old, reserve, { eventKeyJmesPath: 'messageId' })({ messageId: running })
  await started.opened
  const ran: string[] = []
  const fresh = newKey()
  const handler = sqsHandler<Order>(
    async ({ body }) => void ran.push(body.orderId),
    orderOptions(tableName, {
      predecessor: powertoolsTable({
        tableName: old,
        client: testClient(),
        keyOf: ({ record }) => powertoolsKey(PREFIX, record.messageId),
      }),
    }),
  )
  const batch = await handler(anEvent(aRecord(done), aRecord(running), aRecord(fresh)), contextWith())
  expect(returned(batch)).toEqual([running])
  expect(ran).toEqual([fresh])
  ends.open()
  await open
  expect(returned(await handler(anEvent(aRecord(running)), contextWith()))).toEqual([])
  expect(ran).toEqual([fresh])
})

test('once returns the value of the old function', async () => {
  const key = newKey()
  await oldFunction(old, async () => ({ paid: 1.5, tags: ['a', null, true] }), OLD)(payment(key, { amount: 1 }))
  const { options } = await harness()
  const pay = once({
    store: options.store,
    operation: 'payments',
    predecessor: powertoolsTable({
      tableName: old,
      client: testClient(),
      keyOf: ({ key: given }: OnceRequest): string => idOf(String(given)),
    }),
  })
  const request = { key, tenant: 'acme', payload: { amount: 1 } }
  expect(await pay(request, () => 'new')).toEqual({ value: { paid: 1.5, tags: ['a', null, true] }, status: 'replayed' })
  expect(await pay({ ...request, key: newKey() }, () => 'new')).toEqual({ value: 'new', status: 'created' })
})

test('the old record is judged by the time before it was read: its run may have ended since', async () => {
  const scene = await openScene(PATIENT)
  const client = testClient()
  const key = newKey()
  const until = scene.clock.now() + 1_000
  await putItem(old, {
    id: { S: idOf(key) },
    status: { S: 'INPROGRESS' },
    expiration: { N: String(Math.round(until / 1_000) + 3_600) },
    in_progress_expiration: { N: String(until) },
  })
  client.middlewareStack.add(
    (next) => async (given) => {
      const answer = await next(given)
      scene.clock.advance(5_000)
      return answer
    },
    { step: 'initialize' },
  )
  const { once: pay } = scene.host('stalled', {
    predecessor: powertoolsTable({ tableName: old, client, keyOf: () => idOf(key) }),
  })
  const code = await pay({ key, tenant: 'acme', payload: 1, context: contextWith() }, () => 'ran').catch(
    (error: IdempotencyError) => error.code,
  )
  expect(code).toBe('in-progress')
  await scene.close()
})

test('the lease that ends during the look starts nothing', async () => {
  const scene = await openScene(PATIENT)
  const keyOf = (): string => {
    scene.clock.advance(60_000)
    return 'slow'
  }
  const { events, once: pay } = scene.host('slow', {
    predecessor: powertoolsTable({ tableName: old, client: testClient(), keyOf }),
  })
  const code = await pay({ key: newKey(), tenant: 'acme', payload: 1, context: contextWith() }, () => 'ran').catch(
    (error: IdempotencyError) => error.code,
  )
  expect(code).toBe('idempotency-unavailable')
  expect(events.map(({ type }) => type)).toContain('storeFailed')
  await scene.close()
})

test.each<[string, object, string]>([
  ['no keyOf', { tableName: 'old' }, '"keyOf" is missing'],
  ['no table', { tableName: undefined, keyOf: () => 'x' }, 'is its environment variable set?'],
  ['an unknown option', { tableName: 'old', keyOf: () => 'x', table: 'x' }, '"table" is not known'],
  ['a sort key without its partition', { tableName: 'old', keyOf: () => 'x', sortKeyAttr: 'sk' }, '"staticPkValue"'],
  [
    'one attribute as both keys',
    { tableName: 'old', keyOf: () => 'x', sortKeyAttr: 'id', staticPkValue: 'p' },
    'keyAttr',
  ],
])('powertoolsTable refuses %s', (_, options, message) => {
  expect(() => powertoolsTable(options as never)).toThrow(message)
})

test('a predecessor and an unprotected run exclude each other', async () => {
  const { options } = await harness()
  const both = { ...options, predecessor: predecessor(), storeDown: 'dangerouslyRunUnprotected' } as const
  expect(() => idempotent(async () => 1, both)).toThrow('option "storeDown"')
  expect(() =>
    idempotent(async () => 1, { ...options, predecessor: reconcile(() => ({ rerun: true })) } as never),
  ).toThrow('option "predecessor" is an object; it must be powertoolsTable(…)')
})

test('the item of the old function has the attributes that are read', async () => {
  const key = newKey()
  await answeredBefore(key, { statusCode: 201 })
  expect((await itemsOf(old)).filter(({ id }) => id?.S === idOf(key))).toEqual([
    {
      id: { S: idOf(key) },
      status: { S: 'COMPLETED' },
      expiration: { N: expect.any(String) },
      in_progress_expiration: { N: expect.any(String) },
      data: { M: { statusCode: { N: '201' } } },
    },
  ])
})
