import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { databaseEndpoint, freshTable } from '../support/dynamodb.ts'
import { contextWith } from '../support/http-events.ts'
import { anEvent, aRecord, type Order, orderOptions, returned } from '../support/sqs.ts'
import { command } from './command.ts'

let table: string
let folder: string
beforeAll(async () => {
  table = await freshTable()
  folder = mkdtempSync(join(tmpdir(), 'lambda-once-propose-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, content: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const act = (name: string, by: string, ...flags: readonly string[]) =>
  command([
    ...['override', name, '--table', table, '--endpoint', databaseEndpoint()],
    ...['--by', by, '--reason', 'As agreed', '--yes', ...flags],
  ])

/** A message of this order, as Lambda delivers it. */
const messageOf = (orderId: string, quantity: number) =>
  anEvent(aRecord(orderId, { messageId: `${orderId}-${quantity}`, body: JSON.stringify({ orderId, quantity }) }))

/** The worker, and the module with its options. */
const worker = (operation: string) => {
  const ran: (number | undefined)[] = []
  const handler = sqsHandler<Order>(async ({ body }) => void ran.push(body.quantity), {
    ...orderOptions(table),
    operation,
    tenant: () => 'acme',
  })
  const text = `export const options = { operation: '${operation}', tenant: () => 'acme', key: (order) => order.orderId,
    visibility: 'move', maxRuns: 2 }`
  return { ran, config: file(`${operation}.mjs`, text), send: (event: never) => handler(event, contextWith()) }
}

test('two persons let a message with another payload run once', async () => {
  const { ran, config, send } = worker('orders-a')
  await send(messageOf('o-1', 1) as never)
  expect(returned(await send(messageOf('o-1', 2) as never))).toEqual(['o-1-2'])
  const event = file('second.json', messageOf('o-1', 2))
  const proposed = await act('propose', 'alice', '--config', config, '--event', event, '--json')
  expect(proposed).toMatchObject({ status: 0 })
  const { record } = proposed.json as { record: { recordKey: string } }
  expect((await act('approve', 'bob', '--record', record.recordKey)).status).toBe(0)
  expect(returned(await send(messageOf('o-1', 2) as never))).toEqual([])
  expect(ran).toEqual([1, 2])
})

test('without the options of the worker the flags name the record', async () => {
  const { ran, send } = worker('orders-b')
  await send(messageOf('o-1', 1) as never)
  const event = file('third.json', messageOf('o-1', 3))
  const named = ['--operation', 'orders-b', '--tenant', 'acme', '--key', 'o-1']
  expect(await act('propose', 'alice', ...named, '--event', event)).toMatchObject({ status: 0 })
  expect((await act('approve', 'bob', ...named)).status).toBe(0)
  expect(returned(await send(messageOf('o-1', 3) as never))).toEqual([])
  expect(ran).toEqual([1, 3])
})

test.each<[string, unknown, readonly string[], string]>([
  ['a batch of two messages', anEvent(aRecord('a'), aRecord('b')), ['--record', 'orders#x'], 'has 2 messages'],
  ['an empty batch', anEvent(), ['--record', 'orders#x'], 'has 0 messages'],
  ['another event with records', { Records: [{ s3: {} }] }, ['--record', 'orders#x'], 'takes batches of SQS'],
  ['a route', messageOf('o', 1), ['--record', 'orders#x', '--route', '/x'], 'leave out --route'],
  ['a message without a record', messageOf('o', 1), [], 'name the record'],
  ['another record than its own', messageOf('o', 1), ['--config', 'C', '--record', 'orders-c#x'], 'your flags name'],
  ['a message that cannot be read', anEvent(aRecord('o', { body: '{' })), ['--config', 'C'], '--event: '],
  ['an option that is not known', messageOf('o', 1), ['--config', 'U'], 'option "paylod" is not known'],
])('override propose refuses %s', async (name, event, flags, message) => {
  const files: Readonly<Record<string, string>> = {
    C: worker('orders-c').config,
    U: file('unknown.mjs', `export default { operation: 'o', tenant: 'single-tenant', paylod: 1 }`),
  }
  const given = file(`${name.replaceAll(' ', '-')}.json`, event)
  const ran = await act('propose', 'alice', '--event', given, ...flags.map((flag) => files[flag] ?? flag))
  expect([ran.status, ran.err]).toEqual([expect.any(Number), expect.stringContaining(message)])
  expect(ran.status).toBe(2)
})
