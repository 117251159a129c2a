import { type AddressInfo, createServer, type Server } from 'node:net'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { type HttpOptions, idempotent } from '../../lib/http/index.ts'
import type { IdempotencyEvent } from '../../lib/index.ts'
import { databaseEndpoint, testClient } from '../support/dynamodb.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { answered, errorsLogged, recordingRuntime } from '../support/http-harness.ts'

/** Accepts connections, and never answers. */
let silent: Server

beforeAll(async () => {
  silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
})

afterAll(() => {
  silent.close()
})

const ENDPOINTS: Record<string, () => string> = {
  'that never answers': () => `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
  'that refuses connections': () => 'http://127.0.0.1:1',
  'whose name does not resolve': () => 'http://dynamodb.invalid',
}

const subject = (endpoint: string, over: Partial<HttpOptions<TestEvent>> = {}, tableName = 'idempotency') => {
  const events: IdempotencyEvent[] = []
  let runs = 0
  const handler = idempotent(
    (_event: TestEvent, _context, claim) => {
      runs++
      return { statusCode: 201, body: String(claim) }
    },
    {
      store: dynamoDbStore({ tableName, client: testClient({ endpoint }) }),
      operation: 'payments',
      tenant: 'single-tenant',
      observe: (event) => void events.push(event),
      ...over,
    },
  )
  return { send: async (key: string) => answered(await handler(payment(key), contextWith())), events, runs: () => runs }
}

describe.each(Object.entries(ENDPOINTS))('E11: a store %s', (_, endpoint) => {
  test('E11: 503 within 2.5 s, and no run', async () => {
    const { runtime, spans } = recordingRuntime()
    const { send, runs, events } = subject(endpoint(), { runtime })
    const answer = await send('k-1')
    // Checks the time limits of the calls, not elapsed time: this machine may be busy.
    expect(spans.reduce((sum, span) => sum + span, 0)).toBeLessThan(2_500)
    expect(answer.statusCode).toBe(503)
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'idempotency-unavailable', retryable: true, key: 'keep' })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect(runs()).toBe(0)
    expect(events).toContainEqual(expect.objectContaining({ type: 'storeFailed', step: 'claim' }))
  })

  test('E11: dangerouslyRunUnprotected runs without a claim, and says so', async () => {
    const { send, runs, events } = subject(endpoint(), { storeDown: 'dangerouslyRunUnprotected' })
    const answer = await send('k-1')
    expect(answer).toMatchObject({
      statusCode: 201,
      body: 'undefined',
      headers: { 'idempotency-status': 'unprotected' },
    })
    expect(runs()).toBe(1)
    expect(events).toContainEqual({ type: 'skipped', operation: 'payments', reason: 'store-down' })
  })
})

describe('E11: a store that is not set up', () => {
  test.each(['reject', 'dangerouslyRunUnprotected'] as const)(
    'E11: a missing table is 500 and never a run, even under %s',
    async (storeDown) => {
      const { send, runs } = subject(databaseEndpoint(), { storeDown }, 'no-such-table')
      const logged = await errorsLogged(async () => {
        const answer = await send('k-1')
        expect(answer.statusCode).toBe(500)
        expect(JSON.parse(answer.body)).toMatchObject({ code: 'store-misconfigured', retryable: false })
        expect(answer.body).not.toContain('no-such-table')
      })
      expect(logged).toEqual([
        expect.stringMatching(/store-misconfigured: Table "no-such-table": The table does not exist/),
      ])
      expect(runs()).toBe(0)
    },
  )
})
