import type { Store } from 'lambda-once'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { reconcile } from 'lambda-once/effects'
import { idempotency as forExpress } from 'lambda-once/express'
import { idempotency as forHono } from 'lambda-once/hono'
import { memoryStore } from 'lambda-once/memory'
import { powertoolsKey, powertoolsTable } from 'lambda-once/migrate'
import { oldFunction, oldTable, PREFIX } from '../migrate/old-function.ts'
import { freshTable, testClient } from '../support/dynamodb.ts'
import { payment } from '../support/http-events.ts'
import { counting, patientRuntime } from '../support/http-harness.ts'
import { type App, BYTES, COOKIES, expressApp, honoApp } from './subjects.ts'

const FRAMEWORKS = [
  { name: 'Hono', make: honoApp, build: (options: unknown) => forHono(options as never) },
  { name: 'Express', make: expressApp, build: (options: unknown) => forExpress(options as never) },
] as const

const post = (key: string | undefined, body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: 'POST',
  headers: {
    ...(body instanceof Uint8Array ? {} : { 'content-type': 'application/json' }),
    ...(key === undefined ? {} : { 'idempotency-key': key }),
    ...headers,
  },
  body: body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body),
})

const codeOf = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { readonly code: string }).code

const statusOf = (response: Response): (string | number | null)[] => [
  response.status,
  response.headers.get('idempotency-status'),
]

describe.each(FRAMEWORKS)('$name', ({ make, build }) => {
  const apps: App[] = []

  const open = async (more: object = {}, store: Store = memoryStore()): Promise<App> => {
    const app = await make({ store, more })
    apps.push(app)
    return app
  }

  afterEach(async () => {
    await Promise.all(apps.splice(0).map(({ close }) => close()))
  })

  test('a retry gets the answer of the first request, and the route does not run again', async () => {
    const { send, runs } = await open()
    const first = await send('/payments', post('k', { amount: 5 }))
    const retry = await send('/payments', post('"k"', { amount: 5 }))
    expect([statusOf(first), statusOf(retry)]).toEqual([
      [201, 'created'],
      [201, 'replayed'],
    ])
    expect(await retry.text()).toBe(await first.text())
    for (const name of ['content-type', 'location']) expect(retry.headers.get(name)).toBe(first.headers.get(name))
    expect(first.headers.getSetCookie()).toEqual(COOKIES)
    expect(retry.headers.getSetCookie()).toEqual([])
    expect(runs).toEqual([{ path: '/payments', key: expect.stringMatching(/^[\w-]{20,}$/), body: { amount: 5 } }])
  })

  test('bytes are replayed as the same bytes, and an empty answer stays empty', async () => {
    const { send, runs } = await open()
    const sendBytes = () => send('/bytes', post('b', BYTES, { 'content-type': 'application/octet-stream' }))
    for (const status of ['created', 'replayed']) {
      const response = await sendBytes()
      expect(statusOf(response)).toEqual([200, status])
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(BYTES)
      const empty = await send('/empty', post('e', {}))
      expect([...statusOf(empty), await empty.text()]).toEqual([204, status, ''])
    }
    expect(runs).toHaveLength(2)
  })

  test('no key, another body, another path', async () => {
    const { send, runs } = await open()
    const missing = await send('/payments', post(undefined, { amount: 5 }))
    expect([missing.status, await codeOf(missing)]).toEqual([400, 'key-missing'])
    await send('/payments', post('k', { amount: 5 }))
    const reused = await send('/payments', post('k', { amount: 6 }))
    expect([reused.status, await codeOf(reused)]).toEqual([422, 'key-reused'])
    expect(reused.headers.get('content-type')).toBe('application/problem+json')
    expect(statusOf(await send('/empty', post('k', { amount: 5 })))).toEqual([204, 'created'])
    expect(runs).toHaveLength(2)
  })

  test('the query and other bytes are part of what a key stands for', async () => {
    const { send } = await open()
    await send('/bytes?a=1', post('k', BYTES, { 'content-type': 'application/octet-stream' }))
    const other = await send('/bytes?a=2', post('k', BYTES, { 'content-type': 'application/octet-stream' }))
    const bytes = new Uint8Array([0, 255, 254, 2])
    const changed = await send('/bytes?a=1', post('k', bytes, { 'content-type': 'application/octet-stream' }))
    expect([other.status, changed.status]).toEqual([422, 422])
  })

  test('20 requests with one key at once run once, on DynamoDB', async () => {
    const store = dynamoDbStore({ tableName: await freshTable(), client: testClient() })
    const { send, runs } = await open({ inProgress: { waitSeconds: 20 }, runtime: patientRuntime }, store)
    const responses = await Promise.all(Array.from({ length: 20 }, () => send('/payments', post('k', { amount: 5 }))))
    expect(runs).toHaveLength(1)
    expect(responses.map(statusOf).filter(([, status]) => status === 'created')).toHaveLength(1)
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]))
  })

  test('a 4xx releases the key, and a thrown error leaves the effect in doubt', async () => {
    const { send, runs } = await open()
    expect(statusOf(await send('/payments', post('a', { amount: 0 })))).toEqual([400, 'released'])
    expect(statusOf(await send('/payments', post('a', { amount: 1 })))).toEqual([201, 'created'])
    const failed = await send('/fail/any', post('b', {}))
    expect([...statusOf(failed), await failed.json()]).toEqual([500, 'abandoned', { error: 'boom' }])
    await send('/fail/any', post('b', {}))
    expect(runs.slice(2).map(({ key }) => key)).toEqual([runs[2]?.key, runs[2]?.key])
  })

  test('a method that is not protected passes, and nothing is stored', async () => {
    const { store, calls } = counting(memoryStore())
    const { send } = await open({}, store)
    const response = await send('/payments')
    expect([...statusOf(response), await response.text()]).toEqual([200, null, 'list'])
    expect(calls).toEqual([])
  })

  test('a request without a key runs if the options let it', async () => {
    const { send } = await open({ missingKey: 'pass' })
    expect(statusOf(await send('/payments', post(undefined, { amount: 5 })))).toEqual([201, 'none'])
  })

  test('functions among the options get the framework’s own request', async () => {
    const seen: unknown[] = []
    const header = (request: { req?: { header(name: string): string }; headers?: Record<string, string> }) =>
      request.req?.header('x-merchant') ?? request.headers?.['x-merchant']
    const { send } = await open({
      tenant: header,
      key: header,
      payload: header,
      likelyReplay: (request: never) => seen.push(header(request)) < 0,
      problem: ({ body }: { body: { code: string } }, request: never) => ({
        statusCode: 418,
        headers: {},
        body: `${body.code} ${header(request)}`,
      }),
    })
    expect(statusOf(await send('/payments', post(undefined, { amount: 5 }, { 'x-merchant': 'acme' })))).toEqual([
      201,
      'created',
    ])
    expect(statusOf(await send('/payments', post(undefined, { amount: 6 }, { 'x-merchant': 'acme' })))).toEqual([
      201,
      'replayed',
    ])
    const refused = await send('/payments', post(undefined, { amount: 5 }))
    expect([refused.status, await refused.text()]).toEqual([418, 'key-missing undefined'])
    expect(seen).toEqual(['acme', 'acme'])
  })

  test('a problem without a status is an error that names the option', async () => {
    const { send, runs } = await open({ problem: () => ({ code: 5 }) })
    const refused = await send('/payments', post(undefined, { amount: 5 }))
    expect([refused.status, await refused.json()]).toEqual([
      500,
      { error: 'lambda-once: the option problem must answer an object with a statusCode' },
    ])
    expect(runs).toEqual([])
  })

  test('a reconcile function gets the framework’s own request, and its answer is given', async () => {
    const asked: string[] = []
    const { send, runs } = await open({
      abandoned: reconcile((request: { req?: { path: string }; path?: string }) => {
        asked.push(request.req?.path ?? request.path ?? '')
        return { done: { statusCode: 201, headers: { 'content-type': 'text/plain' }, body: 'found' } }
      }),
    })
    await send('/fail/any', post('k', {}))
    const retry = await send('/fail/any', post('k', {}))
    expect([...statusOf(retry), await retry.text(), retry.headers.get('content-type')]).toEqual([
      201,
      'replayed',
      'found',
      'text/plain',
    ])
    expect([asked, runs.length]).toEqual([['/fail/any'], 1])
  })

  test('A15 the table of Powertools is asked with the framework’s own request', async () => {
    const tableName = await oldTable()
    const before = { statusCode: 201, headers: { 'content-type': 'text/plain' }, body: 'charged before' }
    await oldFunction(tableName, async () => before, { eventKeyJmesPath: 'headers."idempotency-key"' })(
      payment('k', {}),
    )
    const asked: string[] = []
    const predecessor = powertoolsTable({
      tableName,
      client: testClient(),
      keyOf: (request: { req?: { path: string }; path?: string }) => {
        asked.push(request.req?.path ?? request.path ?? '')
        return powertoolsKey(PREFIX, 'k')
      },
    })
    const { send, runs } = await open({ predecessor, runtime: patientRuntime })
    const retry = await send('/payments', post('k', {}))
    expect([...statusOf(retry), await retry.text()]).toEqual([201, 'replayed', 'charged before'])
    expect([asked, runs]).toEqual([['/payments'], []])
  })

  test('options that cannot be right are refused at once, by their names', () => {
    const store = memoryStore()
    const good = { store, operation: 'shop', tenant: 'single-tenant' }
    expect(() => build(undefined)).toThrow('idempotency(options)')
    expect(() => build({ ...good, tenant: 5 })).toThrow(/"tenant"/)
    expect(() => build({ ...good, abandoned: {} })).toThrow(/"abandoned"/)
    expect(() => build({ ...good, predecessor: {} })).toThrow(/"predecessor"/)
    expect(() => build({ ...good, otherEvents: 'pass' })).toThrow(/"otherEvents".*must be absent/)
    expect(() => build({ ...good, retries: 3 })).toThrow(/retries/)
  })
})

describe('Hono', () => {
  test('a NotDoneError of a route releases the key, and a TerminalError is given to each retry', async () => {
    const { send, runs } = await honoApp({ store: memoryStore() })
    for (const run of [1, 2]) {
      expect((await send('/fail/not-done', post('a', {}))).status).toBe(500)
      expect(runs).toHaveLength(run)
    }
    expect(runs[0]?.key).not.toBe(runs[1]?.key)
    for (const _ of [1, 2]) {
      const terminal = await send('/fail/terminal', post('b', {}))
      expect([terminal.status, await terminal.json()]).toEqual([500, { error: 'never' }])
    }
    expect(runs).toHaveLength(3)
  })

  test('each origin gets its own CORS headers from a middleware outside, in replays too', async () => {
    const { send } = await honoApp({ store: memoryStore() })
    for (const origin of ['https://a.example', 'https://b.example']) {
      const response = await send('/payments', post('k', { amount: 5 }, { origin }))
      expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    }
  })
})

describe('Express', () => {
  test('a body that no parser has read is an error, not a body that counts as empty', async () => {
    const { send, runs, close } = await expressApp({ store: memoryStore() })
    for (const type of ['text/plain', 'multipart/form-data; boundary=b']) {
      const response = await send('/payments', post('k', { amount: 5 }, { 'content-type': type }))
      expect([response.status, ((await response.json()) as { readonly error: string }).error]).toEqual([
        500,
        expect.stringContaining('put idempotency(options) after the body parser'),
      ])
    }
    expect(runs).toEqual([])
    await close()
  })
})
