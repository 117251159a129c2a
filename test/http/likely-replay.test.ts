import { idempotent } from '../../lib/http/index.ts'
import type { Store, StoredRecord } from '../../lib/index.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { answered, harness } from '../support/http-harness.ts'

const RETRY = [['X-Retry', '1']] as const
const likelyReplay = (event: TestEvent): boolean => event.headers?.['x-retry'] !== undefined

const keyed = (key: string, retry: boolean): TestEvent =>
  payment(key, { amount: 1999 }, { headers: [['Idempotency-Key', key], ...(retry ? RETRY : [])] })

const open = async (hint: (event: TestEvent) => boolean = likelyReplay) => {
  const { options, calls, events } = await harness({ likelyReplay: hint })
  let runs = 0
  const handle = (store: Store = options.store) => {
    const handler = idempotent(async () => ({ statusCode: 201, body: `run ${++runs}` }), { ...options, store })
    return async (event: TestEvent) => answered(await handler(event, contextWith()))
  }
  return { handle, calls, events, store: options.store, runs: () => runs }
}

const REPLAYED = { statusCode: 201, body: 'run 1', headers: { 'idempotency-status': 'replayed' } }
const CREATED = { statusCode: 201, body: 'run 1', headers: { 'idempotency-status': 'created' } }

test('for a request that is likely a replay, the record is read and not written', async () => {
  const { handle, calls } = await open()
  const send = handle()
  expect(await send(keyed('k', false))).toMatchObject(CREATED)
  expect(await send(keyed('k', true))).toMatchObject(REPLAYED)
  expect(await send(keyed('k', false))).toMatchObject(REPLAYED)
  expect(calls).toEqual(['claim', 'settle', 'peek', 'claim'])
})

test('a wrong hint costs a read, and the request runs', async () => {
  const { handle, calls } = await open()
  expect(await handle()(keyed('k', true))).toMatchObject(CREATED)
  expect(calls).toEqual(['peek', 'claim', 'settle'])
})

test('an option likelyReplay that throws gives no hint', async () => {
  const { handle, calls } = await open(() => {
    throw new TypeError('no headers')
  })
  expect(await handle()(keyed('k', true))).toMatchObject(CREATED)
  expect(calls).toEqual(['claim', 'settle'])
})

describe('a stale read changes nothing', () => {
  /** The store, with a read that gives this record. */
  const readingStale = (store: Store, stale: StoredRecord | undefined): Store => ({ ...store, peek: async () => stale })

  const recordOf = async ({ store, events }: Awaited<ReturnType<typeof open>>): Promise<StoredRecord> => {
    const told = events.find((event) => event.type === 'claimed')
    const record = told && (await store.peek(told.recordKey, new AbortController().signal))
    if (record === undefined) throw new Error('There is no record')
    return record
  }

  const inProgress = ({
    outcome: _,
    settledAt: __,
    ...record
  }: StoredRecord & { outcome?: unknown; settledAt?: unknown }) =>
    ({ ...record, status: 'IN_PROGRESS', leaseExpiresAt: undefined, revision: 1 }) as StoredRecord

  const released = ({ outcome: _, ...record }: StoredRecord & { outcome?: unknown }) =>
    ({ ...record, status: 'RELEASED' }) as StoredRecord

  test.each<[string, (record: StoredRecord) => StoredRecord | undefined]>([
    ['nothing, although it is settled', () => undefined],
    ['a record in progress that is settled by now', inProgress],
    ['a record that was released before', released],
    ['an outcome that has expired', (record) => ({ ...record, expiresAt: record.createdAt }) as StoredRecord],
  ])('%s', async (_, staleOf) => {
    const world = await open()
    await world.handle()(keyed('k', false))
    const stale = staleOf(await recordOf(world))
    const send = world.handle(readingStale(world.store, stale))
    expect(await send(keyed('k', true))).toMatchObject(REPLAYED)
    expect(await send(payment('k', { amount: 1 }, { headers: [['Idempotency-Key', 'k'], ...RETRY] }))).toMatchObject({
      statusCode: 422,
    })
    expect(world.runs()).toBe(1)
  })
})
