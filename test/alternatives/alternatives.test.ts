import type { APIGatewayProxyStructuredResultV2 as Answer } from 'aws-lambda'
import { databaseEnvironment, freshTable, readItem } from '../support/dynamodb.ts'
import { EVENT_MAKERS, type Sent } from '../support/http-events.ts'

type Handler = (event: never) => Promise<Answer>

let table: string
let handlers: Readonly<Record<'put' | 'register' | 'change' | 'cancel', Handler>>

beforeAll(async () => {
  table = await freshTable()
  Object.assign(process.env, {
    SHOP_TABLE: table,
    ...databaseEnvironment(),
  })
  const put = await import('../../examples/alternatives/put-order.ts')
  const register = await import('../../examples/alternatives/register-email.ts')
  const change = await import('../../examples/alternatives/change-address.ts')
  const cancel = await import('../../examples/alternatives/cancel-order.ts')
  handlers = { put: put.handler, register: register.handler, change: change.handler, cancel: cancel.handler }
})

const send = (handler: Handler, sent: Sent): Promise<Answer> => handler(EVENT_MAKERS['http-api'](sent) as never)

const at20 = (handler: Handler, sent: (n: number) => Sent): Promise<readonly Answer[]> =>
  Promise.all(Array.from({ length: 20 }, (_, n) => send(handler, sent(n))))

const countBy = (answers: readonly Answer[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { statusCode } of answers) counts[`${statusCode}`] = (counts[`${statusCode}`] ?? 0) + 1
  return counts
}

describe('PUT with an id that the client made', () => {
  const put = (id: string, quantity: number): Sent => ({
    method: 'PUT',
    pathParameters: { id },
    body: JSON.stringify({ sku: 'tea', quantity }),
  })

  test('20 sends at once make one order, and all get it', async () => {
    const answers = await at20(handlers.put, () => put('o-1', 2))
    expect(countBy(answers)).toEqual({ 200: 19, 201: 1 })
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1)
    expect(await readItem(table, 'order#o-1')).toMatchObject({ quantity: { N: '2' } })
  })

  test('of 20 different orders with one id, one is made', async () => {
    expect(countBy(await at20(handlers.put, (n) => put('o-2', n)))).toEqual({ 201: 1, 409: 19 })
  })
})

describe('a unique constraint', () => {
  const register = (id: string, email = 'ann@shop.example'): Sent => ({ body: JSON.stringify({ id, email }) })

  test('20 sends of one account at once make it, and none is refused', async () => {
    expect(countBy(await at20(handlers.register, () => register('a-1')))).toEqual({ 200: 19, 201: 1 })
  })

  test('of 20 accounts with one address, one is made', async () => {
    const answers = await at20(handlers.register, (n) =>
      register(`a-${n}`, n % 2 ? 'Bo@shop.example' : 'bo@shop.example'),
    )
    expect(countBy(answers)).toEqual({ 201: 1, 409: 19 })
  })
})

describe('ETag and If-Match', () => {
  const change = (address: string, etag: string | undefined): Sent => ({
    method: 'PUT',
    pathParameters: { id: 'p-1' },
    headers: etag === undefined ? [] : [['If-Match', etag]],
    body: JSON.stringify({ address }),
  })
  const read = () => send(handlers.change, { method: 'GET', pathParameters: { id: 'p-1' } })
  const etagOf = ({ headers }: Answer): string => `${headers?.etag}`

  test('of 20 changes to one version at once, one is applied', async () => {
    const seen = etagOf(await read())
    const answers = await at20(handlers.change, (n) => change(`street ${n}`, seen))
    expect(countBy(answers)).toEqual({ 200: 1, 412: 19 })
    const applied = answers.find(({ statusCode }) => statusCode === 200)
    expect((await read()).body).toBe(applied?.body)
  })

  test('a retry of an applied change gets 412, and the profile shows that it was applied', async () => {
    const seen = etagOf(await read())
    const first = await send(handlers.change, change('square 1', seen))
    const retry = await send(handlers.change, change('square 1', seen))
    expect([first.statusCode, retry.statusCode]).toEqual([200, 412])
    const now = await read()
    expect([now.body, etagOf(now)]).toEqual([first.body, etagOf(retry)])
  })

  test('a change without a version, or with none that GET answered, is refused', async () => {
    expect((await send(handlers.change, change('x', undefined))).statusCode).toBe(428)
    expect((await send(handlers.change, change('x', '*'))).statusCode).toBe(400)
  })
})

describe('an effect that is a state', () => {
  test('20 cancellations at once cancel the order, and all get the same answer', async () => {
    await send(handlers.put, { method: 'PUT', pathParameters: { id: 'o-3' }, body: '{"sku":"tea","quantity":1}' })
    const answers = await at20(handlers.cancel, () => ({ pathParameters: { id: 'o-3' } }))
    expect(countBy(answers)).toEqual({ 200: 20 })
    expect(await readItem(table, 'order#o-3')).toMatchObject({ cancelled: { BOOL: true } })
  })

  test('an order that does not exist is not made by its cancellation', async () => {
    expect((await send(handlers.cancel, { pathParameters: { id: 'no' } })).statusCode).toBe(404)
    expect(await readItem(table, 'order#no')).toBeUndefined()
  })
})
