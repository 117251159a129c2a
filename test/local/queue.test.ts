import { setTimeout as sleep } from 'node:timers/promises'
import { killRunning, type LocalProcess, startLocal } from '../support/local-process.ts'

/** Five receives take 25 s, and on a busy machine Java starts much slower than in its usual two seconds. */
const PATIENCE = 120_000

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

interface Order {
  readonly merchantId: string
  readonly orderId: string
  readonly sku: string
  readonly quantity: number
}

interface Orders {
  readonly orders: readonly Order[]
  readonly reserved: Readonly<Record<string, number>>
}

interface Depth {
  readonly visible: number
  readonly inFlight: number
  readonly deadLetters: readonly { readonly body: string; readonly reason: string }[]
}

let local: LocalProcess
let url: string

beforeAll(async () => {
  local = startLocal(['--port', '0'])
  url = await local.url()
}, PATIENCE)
afterAll(killRunning)

const order = (merchantId: string, sku: string, quantity = 2): Order => ({ merchantId, orderId: 'o-1', sku, quantity })

const send = async (body: unknown, query = ''): Promise<Answer> => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`${url}/_local/queues/orders${query}`, { method: 'POST', body: text })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const ordersOf = async (merchantId: string): Promise<Orders> => {
  const response = await fetch(`${url}/orders`, { headers: { 'x-merchant-id': merchantId } })
  return (await response.json()) as Orders
}

const depth = async (): Promise<Depth> => (await (await fetch(`${url}/_local/queues/orders`)).json()) as Depth

const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await sleep(50)
}

const isOnQueue = async (): Promise<boolean> => {
  const { visible, inFlight } = await depth()
  return visible + inFlight > 0
}

const untilDone = (): Promise<void> => until(async () => !(await isOnQueue()))

/** How often the worker has logged that this run failed. */
const failures = (error: string): number => local.stderr().split(`failed: Error: ${error}`).length - 1

test(
  'An order that is sent three times becomes one order, and its stock is reserved once.',
  async () => {
    const { status, body } = await send(order('thrice', 'sku_book'), '?times=3')
    expect([status, new Set(body.messageIds as string[]).size]).toEqual([202, 3])
    await untilDone()
    const { orders, reserved } = await ordersOf('thrice')
    expect(orders).toEqual([expect.objectContaining({ orderId: 'o-1', sku: 'sku_book', quantity: 2 })])
    expect(reserved).toEqual({ sku_book: 2 })
    expect(await ordersOf('another')).toEqual({ orders: [], reserved: {} })
  },
  PATIENCE,
)

test(
  'A thousand messages of one order, in many concurrent batches, become one order.',
  async () => {
    await send(order('thousand', 'sku_book'), '?times=1000')
    await untilDone()
    expect((await ordersOf('thousand')).reserved).toEqual({ sku_book: 2 })
  },
  PATIENCE,
)

test(
  'An order whose first run throws is delivered again and becomes one order; the other orders do not wait for it.',
  async () => {
    await send(order('once', 'sku_error_once'))
    await send(order('beside', 'sku_book'))
    await until(async () => (await ordersOf('beside')).orders.length === 1)
    expect(await isOnQueue()).toBe(true)
    await untilDone()
    expect(failures('sku_error_once')).toBe(1)
    expect((await ordersOf('once')).reserved).toEqual({ sku_error_once: 2 })
  },
  PATIENCE,
)

test(
  'A slow order that is delivered again while in progress is hidden until a retry makes sense, and runs once.',
  async () => {
    const began = Date.now()
    await send(order('slow', 'sku_slow'))
    await sleep(1_500)
    await send(order('slow', 'sku_slow'))
    await until(async () => (await ordersOf('slow')).orders.length === 1)
    expect((await depth()).inFlight).toBeGreaterThanOrEqual(1)
    await untilDone()
    // The lease covers the longest run, over 10 s. Without a change of visibility the message would be gone after 7 s.
    expect(Date.now() - began).toBeGreaterThanOrEqual(10_000)
    expect((await ordersOf('slow')).reserved).toEqual({ sku_slow: 2 })
    expect(local.stderr()).not.toMatch(/sku_slow|QueueDoesNotExist|MessageNotInflight|UnsupportedOperation/)
  },
  PATIENCE,
)

test(
  'A poison order runs three times and becomes a dead letter after five receives, and so does an unreadable order.',
  async () => {
    const poison = JSON.stringify(order('poison', 'sku_poison'))
    await send(poison)
    await send('[1]')
    await untilDone()
    expect(failures('sku_poison')).toBe(3)
    const { deadLetters } = await depth()
    expect(new Set(deadLetters)).toEqual(
      new Set([
        { body: poison, reason: 'poison' },
        { body: '[1]', reason: 'maxReceiveCount' },
      ]),
    )
    expect((await ordersOf('poison')).orders).toEqual([])
  },
  PATIENCE,
)

const TIMES = (given: string): string => `times is "${given}": give one integer from 1 to 1000`

test.each([
  ['?times=0', '{}', TIMES('0')],
  ['?times=1001', '{}', TIMES('1001')],
  ['?times=-1', '{}', TIMES('-1')],
  ['?times=1.5', '{}', TIMES('1.5')],
  ['?times=', '{}', TIMES('')],
  ['?times=two', '{}', TIMES('two')],
  ['?times=1&times=2', '{}', TIMES('1,2')],
  ['', '', 'The body is not JSON: give the message as JSON text'],
  ['', '{"orderId":', 'The body is not JSON: give the message as JSON text'],
  ['', JSON.stringify('x'.repeat(256 * 1024)), 'The body is too large: give JSON of at most 262144 bytes'],
])(
  'An invalid request to "%s" is refused by a message that says what to give, and no message is queued (%#).',
  async (query, body, message) => {
    expect(await send(body, query)).toEqual({ status: 400, body: { message } })
    expect(await isOnQueue()).toBe(false)
  },
)

test.each([
  ['GET', '/_local/queues/payments'],
  ['POST', '/_local/queues'],
  ['DELETE', '/_local/queues/orders'],
  ['GET', '/_local/sqs'],
])('%s %s is 404.', async (method, path) => {
  expect((await fetch(url + path, { method })).status).toBe(404)
})

test('The queue needs no merchant header, but the list of orders does.', async () => {
  expect((await fetch(`${url}/orders`)).status).toBe(401)
  expect((await fetch(`${url}/_local/queues/orders`)).status).toBe(200)
})
