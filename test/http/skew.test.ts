import { type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { later, millis } from '../../lib/core/time.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { idempotent } from '../../lib/http/index.ts'
import { freshTable, testClient } from '../support/dynamodb.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { answered, gate, patientRuntime } from '../support/http-harness.ts'

/** A host whose clock is off by this many milliseconds. Its timers run normally. */
const hostOff = (by: number): Runtime => ({ ...patientRuntime, now: () => later(systemRuntime.now(), millis(by)) })

let tableName: string
let runs: number

beforeAll(async () => {
  tableName = await freshTable()
})

beforeEach(() => {
  runs = 0
})

const host = (off: number, business: () => Promise<unknown> = async () => {}) => {
  const handler = idempotent(
    async (_event: TestEvent) => {
      runs++
      await business()
      return { statusCode: 201, body: `host ${off}` }
    },
    {
      store: dynamoDbStore({ tableName, client: testClient() }),
      operation: 'payments',
      tenant: 'single-tenant',
      runtime: hostOff(off),
    },
  )
  return async (key: string, remaining: number) => answered(await handler(payment(key), contextWith(remaining)))
}

describe('B3: clocks that differ', () => {
  test.each([
    [0, 2_000],
    [0, -2_000],
    [2_000, 0],
    [-2_000, 0],
    [1_000, -1_000],
    [0, 60_000],
    [0, -60_000],
  ])('B3: an owner off by %i ms keeps its live claim from a contender off by %i ms', async (owner, contender) => {
    const { opened, open } = gate()
    const started = gate()
    const key = `live ${owner} ${contender}`.replaceAll(' ', '-')
    const first = host(owner, async () => {
      started.open()
      await opened
    })(key, 10_000)
    await started.opened
    // The contender's own clock would say that the lease is over; the store's does not.
    expect((await host(contender)(key, 10_000)).statusCode).toBe(409)
    open()
    expect((await first).headers['idempotency-status']).toBe('created')
    expect(runs).toBe(1)
  })

  test('B3: beyond the skew two may run at the same time; the stored answer is the only one', async () => {
    const { opened, open } = gate()
    const started = gate()
    const slow = host(-60_000, async () => {
      started.open()
      await opened
    })('beyond', 10_000)
    await started.opened
    const second = await host(0)('beyond', 10_000)
    open()
    const first = await slow
    expect(runs).toBe(2)
    expect([first.body, second.body]).toEqual(['host 0', 'host 0'])
    expect((await host(0)('beyond', 10_000)).body).toBe('host 0')
  })
})
