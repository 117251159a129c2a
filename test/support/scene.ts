import { DeleteItemCommand } from '@aws-sdk/client-dynamodb'
import { deriveRecordKey, type RecordKey } from '../../lib/core/identity/record-key.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { type Millis, millis } from '../../lib/core/time.ts'
import { fromItem } from '../../lib/dynamodb/item.ts'
import { type IdempotencyEvent, type Once, type OnceOptions, type OnceRequest, once } from '../../lib/index.ts'
import { freshTable, readItem, testClient } from './dynamodb.ts'
import { type FakeClock, type FakeRuntime, type FakeRuntimeOptions, fakeClock, fakeRuntime } from './fake-runtime.ts'
import { type FaultProxy, faultProxy } from './fault-proxy.ts'
import { testStore } from './test-store.ts'

/** The remaining time of a request. Its lease is a second longer. */
export const REMAINING = 30_000
export const LEASE: number = REMAINING + 1_000
export const SKEW = 2_000

/** How long the client waits for an answer, in real time. A busy machine answers faster. */
const TIMEOUT = millis(400)

export const PATIENT: Millis = millis(1_900)

/** The hosts of such a scene wait for the store however slow the machine is. */
export const UNHURRIED: Millis = millis(10_000)

/** One process that takes requests. */
export interface Host {
  readonly runtime: FakeRuntime
  readonly once: Once
  readonly events: readonly IdempotencyEvent[]
  /** The types of the events, in their order. */
  eventTypes(): readonly string[]
}

/** One table, one database behind a fault proxy, and one clock for all hosts. */
export interface Scene {
  readonly tableName: string
  readonly proxy: FaultProxy
  readonly clock: FakeClock
  /** A store that calls the database through the proxy. */
  readonly store: Store
  host(name: string, options?: Partial<OnceOptions>, runtime?: FakeRuntimeOptions): Host
  read(recordKey: RecordKey): Promise<StoredRecord | undefined>
  /** Deletes the record, as TTL does. */
  sweep(recordKey: RecordKey): Promise<void>
  /** For a new test: no faults, the current time. */
  reset(): void
  close(): Promise<void>
}

/** `timeout`: how long the client waits; longer for tests that plan no silent fault, since a busy machine is slow. */
export const openScene = async (
  timeout: Millis = TIMEOUT,
  deadlines: NonNullable<FakeRuntimeOptions['deadlines']> = timeout === UNHURRIED ? 'never' : 'real',
): Promise<Scene> => {
  const tableName = await freshTable()
  const clock = fakeClock()
  const proxy = await faultProxy({ storeTime: clock.now })
  const store = testStore({ tableName, endpoint: proxy.endpoint, timeout })
  const direct = testClient()
  // The SDK loads its parts at the first call, and the database its own: that may take longer than the timeout.
  await store.peek(recordKeyOf(aRequest()), AbortSignal.timeout(10_000)).catch(() => {})
  await once({ store, operation: 'warm-up' })(aRequest(), () => 0).catch(() => {})
  proxy.script()
  return {
    tableName,
    proxy,
    clock,
    store,
    host: (name, options, runtimeOptions) => {
      const runtime = fakeRuntime({ name, clock, deadlines, ...runtimeOptions })
      const events: IdempotencyEvent[] = []
      const observe = (event: IdempotencyEvent) => void events.push(event)
      return {
        runtime,
        events,
        eventTypes: () => events.map(({ type }) => type),
        once: once({ store, operation: OPERATION, runtime, observe, ...options }),
      }
    },
    read: async (recordKey) => {
      const item = await readItem(tableName, recordKey)
      return item === undefined ? undefined : fromItem(item)
    },
    sweep: async (recordKey) => {
      await direct.send(new DeleteItemCommand({ TableName: tableName, Key: { pk: { S: recordKey } } }))
    },
    reset: () => {
      proxy.script()
      clock.reset()
    },
    close: () => proxy.close(),
  }
}

/** A scene without time limits, for tests whose order of requests must not depend on one. */
export const openUnhurriedScene = (): Promise<Scene> => openScene(millis(10_000), 'never')

const OPERATION = 'payments'

/** A Lambda context with this much time left. */
export const remaining = (milliseconds: number = REMAINING): NonNullable<OnceRequest['context']> => ({
  getRemainingTimeInMillis: () => milliseconds,
})

let requests = 0

/** A request with a new key. */
export const aRequest = (over: Partial<OnceRequest> = {}): OnceRequest => ({
  key: `key-${++requests}`,
  tenant: 'merchant-1',
  payload: { amount: 100 },
  context: remaining(),
  ...over,
})

export const recordKeyOf = ({ key, tenant }: OnceRequest): RecordKey =>
  deriveRecordKey({ operation: OPERATION, tenant, key: String(key) })

/** The promise's value or error, as a value. */
export const ending = async <T>(promise: Promise<T>): Promise<{ value: T } | { error: unknown }> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
