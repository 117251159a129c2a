import { type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { millis } from '../../lib/core/time.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import type { HttpOptions, HttpResponse } from '../../lib/http/index.ts'
import type { IdempotencyEvent, Store, StoredRecord } from '../../lib/index.ts'
import { freshTable, testClient } from './dynamodb.ts'
import type { TestEvent } from './http-events.ts'

/** An answer with its headers as one map, names in lower case. */
export interface Answered {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly [member: string]: unknown
}

export const answered = (result: unknown): Answered => {
  const {
    headers = {},
    multiValueHeaders = {},
    ...rest
  } = result as Partial<HttpResponse> & { statusCode: number; body: string }
  const lines = [
    ...Object.entries(headers),
    ...Object.entries(multiValueHeaders).map(([name, values]) => [name, values.join(', ')] as const),
  ]
  return { ...rest, headers: Object.fromEntries(lines.map(([name, value]) => [name.toLowerCase(), value])) }
}

export interface CountingStore {
  readonly store: Store
  /** The calls made, oldest first. */
  readonly calls: string[]
}

/** Passes every call through, and records its name. */
export const counting = (store: Store): CountingStore => {
  const calls: string[] = []
  const noted =
    <A extends unknown[], R>(name: string, call: (...given: A) => R) =>
    (...given: A): R => {
      calls.push(name)
      return call(...given)
    }
  return {
    calls,
    store: {
      skew: store.skew,
      claim: noted('claim', store.claim),
      takeOver: noted('takeOver', store.takeOver),
      renew: noted('renew', store.renew),
      nextGeneration: noted('nextGeneration', store.nextGeneration),
      commit: noted('commit', store.commit),
      checkpoint: noted('checkpoint', store.checkpoint),
      settle: noted('settle', store.settle),
      peek: noted('peek', store.peek),
      outcomeRoom: store.outcomeRoom,
    },
  }
}

export interface Harness {
  readonly tableName: string
  readonly calls: string[]
  readonly events: IdempotencyEvent[]
  readonly options: HttpOptions<TestEvent>
  /** The stored record of the last event with a record key. */
  record(): Promise<StoredRecord | undefined>
}

/** The system's runtime, which records the time limit of each store call. */
export const recordingRuntime = (): { readonly runtime: Runtime; readonly spans: readonly number[] } => {
  const spans: number[] = []
  const runtime: Runtime = {
    ...systemRuntime,
    withDeadline: (span, run) => {
      spans.push(span)
      return systemRuntime.withDeadline(span, run)
    },
  }
  return { runtime, spans }
}

/** Gives each store call ten times as long, because a busy machine is slow. */
export const patientRuntime: Runtime = {
  ...systemRuntime,
  withDeadline: (span, run) => systemRuntime.withDeadline(millis(span * 10), run),
}

/** A new table on DynamoDB Local, and a record of all calls and events. */
export const harness = async (over: Partial<HttpOptions<TestEvent>> = {}): Promise<Harness> => {
  const tableName = await freshTable()
  const { store, calls } = counting(dynamoDbStore({ tableName, client: testClient() }))
  const events: IdempotencyEvent[] = []
  const options: HttpOptions<TestEvent> = {
    store,
    operation: 'payments',
    tenant: (event) => event.requestContext.authorizer?.lambda?.merchantId,
    observe: (event) => events.push(event),
    runtime: patientRuntime,
    ...over,
  }
  return {
    tableName,
    calls,
    events,
    options,
    record: async () => {
      const last = events.findLast((event) => 'recordKey' in event)
      if (last === undefined || !('recordKey' in last)) return undefined
      return dynamoDbStore({ tableName, client: testClient() }).peek(last.recordKey, new AbortController().signal)
    },
  }
}

/** A promise, and the function that resolves it. */
export const gate = (): { readonly opened: Promise<void>; readonly open: () => void } => {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** What `run` resolves with, without its `console.error`. */
export const quietly = async <T>(run: () => Promise<T>): Promise<T> => {
  const results: T[] = []
  await errorsLogged(async () => {
    results.push(await run())
  })
  return results[0] as T
}

/** Returns what `run` writes to `console.error`, and does not print it. */
export const errorsLogged = async (run: () => Promise<void>): Promise<readonly string[]> => {
  const lines: string[] = []
  const { error } = console
  console.error = (...given: unknown[]) => lines.push(given.map(String).join(' '))
  try {
    await run()
    return lines
  } finally {
    console.error = error
  }
}
