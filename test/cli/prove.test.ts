import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { idempotent } from '../../lib/http/index.ts'
import { gateway } from '../../local/gateway/gateway.ts'
import { freshTable, testClient } from '../support/dynamodb.ts'
import { contextWith } from '../support/http-events.ts'
import { command, type Ran } from './command.ts'

type Handler = (event: never, context: never) => Promise<unknown>

let charges: number
let handler: Handler
let server: Server
let url: string

const charge = async () => {
  charges += 1
  await new Promise((charged) => setTimeout(charged, 50))
  return { statusCode: 201, body: JSON.stringify({ charge: charges }) }
}

beforeAll(async () => {
  const invoke = (run: () => Handler) => async (event: unknown) => ({
    kind: 'returned' as const,
    result: await run()(event as never, contextWith() as never),
  })
  const routes = [
    { routeKey: 'POST /payments', functionName: 'pay' },
    { routeKey: 'GET /payments', functionName: 'list' },
  ]
  const list: Handler = async () => ({ statusCode: 200, body: JSON.stringify({ payments: Array(charges).fill(1) }) })
  const functions = new Map([
    ['pay', { invoke: invoke(() => handler) }],
    ['list', { invoke: invoke(() => list) }],
  ])
  server = createServer(gateway({ routes, functions })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/payments`
})

beforeEach(() => {
  charges = 0
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const prove = (...flags: readonly string[]): Promise<Ran> =>
  command(['prove', '--url', url, '--body', '{"amount":1}', '--header', 'x-merchant-id: acme', ...flags])

const protectedHandler = async (): Promise<Handler> =>
  idempotent(charge, {
    store: dynamoDbStore({ tableName: await freshTable(), client: testClient() }),
    operation: 'payments',
    tenant: 'single-tenant',
  })

interface Proof {
  readonly proven: boolean
  readonly findings: readonly { readonly check: string; readonly passed: boolean; readonly found: string }[]
}

test('prove passes for a handler that the layer protects, and counts one effect', async () => {
  handler = await protectedHandler()
  const { status, json } = await prove('--n', '20', '--effects-url', url, '--json')
  const { proven, findings } = json as Proof
  expect(findings.filter(({ passed }) => !passed)).toEqual([])
  expect(findings).toHaveLength(5)
  expect(findings[0]?.found).toContain('1 × 201 created')
  expect({ status, proven, charges }).toEqual({ status: 0, proven: true, charges: 1 })
})

test('prove fails for a handler without the layer, and says which checks', async () => {
  handler = charge
  const { status, out } = await prove('--n', '5', '--effects-url', url)
  expect(status).toBe(1)
  expect(out).toContain('FAILED  exactly one of the simultaneous requests is created\n        5 × 201 without')
  expect(out).toContain('FAILED  a retry gets the same status and body, replayed')
  expect(out).toContain('FAILED  another body with the same key is refused with 422')
  expect(out).toContain('FAILED  there is exactly one effect\n        7 more than before')
  expect(out).toContain('This API is not idempotent for this request.')
})

test('prove fails if the request itself is refused', async () => {
  handler = async () => ({ statusCode: 400, body: '' })
  expect((await prove('--n', '2')).status).toBe(1)
})

test('prove fails for a key that is used already', async () => {
  handler = await protectedHandler()
  expect((await prove('--n', '2', '--key', 'used')).status).toBe(0)
  expect((await prove('--n', '2', '--key', 'used')).status).toBe(1)
})

test.each([
  [
    'a host that is not this computer',
    ['--url', 'https://api.example.com/pay', '--body', '{}'],
    'give --i-own-this-api',
  ],
  [
    'a host whose name begins like a loopback address',
    ['--url', 'http://127.0.0.1.example.com', '--body', '{}'],
    'give',
  ],
  ['effects of another host', ['--body', '{}', '--effects-url', 'https://example.com'], '--effects-url is not on this'],
  ['no URL', ['--url', 'payments', '--body', '{}'], 'must be an http or https URL'],
  ['more than 200 requests', ['--n', '201', '--body', '{}'], 'It must be an integer from 2 to 200.'],
  ['no body', [], 'say what to send'],
  ['a body that is no JSON', ['--body', '{'], '--body is not JSON'],
  ['a file that does not exist', ['--body', '@/nowhere'], 'cannot be read'],
  ['a list without another body', ['--body', '[]'], '--other-body is needed'],
  ['a header without a colon', ['--body', '{}', '--header', 'x'], 'it must be "Name: value"'],
])('prove refuses %s', async (_, flags, message) => {
  const { status, out, err } = await command(['prove', '--url', url, ...flags])
  expect({ status, out }).toEqual({ status: 2, out: '' })
  expect(err).toContain(message)
})

test('prove exits with 3 if nothing listens', async () => {
  const ran = await command(['prove', '--url', 'http://127.0.0.1:9/', '--body', '{}', '--n', '2'])
  expect(ran).toMatchObject({ status: 3, err: expect.stringContaining('cannot be reached') })
})

test('prove exits with 3 if the effects cannot be counted', async () => {
  handler = charge
  const ran = await prove('--n', '2', '--effects-url', `${url}/none`)
  expect(ran).toMatchObject({ status: 3, err: expect.stringContaining('without a count') })
  expect(charges).toBe(0)
})
