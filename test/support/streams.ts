import { randomUUID } from 'node:crypto'
import type { Runtime } from '../../lib/core/runtime.ts'
import type { IdempotencyEvent, Store } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import type {
  DynamoDbStreamRecord,
  KafkaEvent,
  KafkaStreamRecord,
  KinesisStreamRecord,
  TimedContext,
} from '../../lib/streams/index.ts'
import { patientRuntime } from './http-harness.ts'
import { aContext } from './sqs.ts'

const STREAM = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders'

export interface Order {
  readonly orderId: string
  readonly quantity?: number
}

interface KinesisParts {
  readonly partitionKey?: string
  readonly data?: string | Uint8Array
  readonly shard?: string
}

const base64 = (data: string | Uint8Array): string => Buffer.from(data).toString('base64')

/** The record at this place of a shard. Its data names the order. */
export const aKinesisRecord = (
  orderId: string,
  place: number,
  { partitionKey = 'p', data = JSON.stringify({ orderId }), shard = 'shardId-000000000000' }: KinesisParts = {},
): KinesisStreamRecord => {
  const sequenceNumber = `4959033827149025660855969253836157109592157598913658${String(place).padStart(4, '0')}`
  return {
    eventID: `${shard}:${sequenceNumber}`,
    eventSourceARN: STREAM,
    kinesis: { data: base64(data), partitionKey, sequenceNumber, approximateArrivalTimestamp: 1_545_084_650.987 },
  }
}

/** Records with these order ids, in one shard, each with its own partition key. */
export const kinesisRecords = (...ids: readonly string[]): readonly KinesisStreamRecord[] =>
  ids.map((id, place) => aKinesisRecord(id, place, { partitionKey: id }))

export const aStreamRecord = (orderId: string, place: number): DynamoDbStreamRecord => ({
  eventID: `event-${place}`,
  eventName: 'INSERT',
  dynamodb: {
    Keys: { pk: { S: orderId } },
    NewImage: { pk: { S: orderId }, total: { N: '12.50' } },
    SequenceNumber: `44215845000000000174504390${place}`,
    ApproximateCreationDateTime: 1_428_537_600,
  },
})

interface KafkaParts {
  readonly topic?: string
  readonly partition?: number
  readonly key?: string
  /** `null` for a tombstone. */
  readonly value?: string | Uint8Array | null
}

export const aKafkaRecord = (
  orderId: string,
  offset: number,
  { topic = 'orders', partition = 0, key, value = JSON.stringify({ orderId }) }: KafkaParts = {},
): KafkaStreamRecord => ({
  topic,
  partition,
  offset,
  timestamp: 1_545_084_650_987,
  key: key === undefined ? null : base64(key),
  value: value === null ? null : base64(value),
  headers: [],
})

/** As an event source mapping groups them. */
export const kafkaEvent = (...records: readonly KafkaStreamRecord[]): KafkaEvent => {
  const groups: Record<string, KafkaStreamRecord[]> = {}
  for (const record of records) {
    const name = `${record.topic}-${record.partition}`
    groups[name] = [...(groups[name] ?? []), record]
  }
  return { records: groups }
}

interface CommonParts {
  readonly store: Store
  readonly operation: string
  readonly tenant: 'single-tenant'
  readonly onError: () => void
  readonly observe: (event: IdempotencyEvent) => void
  readonly runtime: Runtime
}

/** Options with a new operation. `onError` is silent, so expected errors are not in the test's log. */
export const streamOptions = (
  store: Store = memoryStore({ skewSeconds: 0 }),
): { readonly options: CommonParts; readonly events: IdempotencyEvent[] } => {
  const events: IdempotencyEvent[] = []
  const options = {
    store,
    operation: `orders-${randomUUID()}`,
    tenant: 'single-tenant',
    onError: () => {},
    observe: (event: IdempotencyEvent) => void events.push(event),
    runtime: patientRuntime,
  } as const
  return { options, events }
}

export const identifiers = <T>({ batchItemFailures }: { batchItemFailures: { itemIdentifier: T }[] }): T[] =>
  batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)

type Invoke<TRecord> = (event: { Records: readonly TRecord[] }, context: TimedContext) => Promise<unknown>

export interface ReaderOptions {
  readonly batchSize: number
  readonly maximumRetryAttempts?: number
  readonly bisects?: boolean
  readonly contextOf?: () => TimedContext
}

export interface ShardReader<TRecord> {
  readonly discarded: TRecord[]
  deliveries(): number
  readAll(invoke: Invoke<TRecord>): Promise<void>
}

/**
 * Stands in for Lambda's reader of one shard: "Configuring partial batch response with Kinesis Data Streams and Lambda" in
 * the Lambda developer guide. After a report it delivers again from the lowest sequence number that is reported, and under
 * `bisects` too: only an error halves the batch, and that counts as no attempt. After `maximumRetryAttempts` it gives up
 * the whole batch.
 */
export const shardReader = <TRecord>(
  records: readonly TRecord[],
  sequenceNumberOf: (record: TRecord) => string,
  { batchSize, maximumRetryAttempts = Number.POSITIVE_INFINITY, bisects = false, contextOf = aContext }: ReaderOptions,
): ShardReader<TRecord> => {
  const discarded: TRecord[] = []
  let deliveries = 0

  const deliver = async (
    invoke: Invoke<TRecord>,
    batch: readonly TRecord[],
  ): Promise<readonly TRecord[] | 'failed'> => {
    deliveries++
    const answer = await invoke({ Records: batch }, contextOf()).catch(() => 'failed' as const)
    if (answer === 'failed') return 'failed'
    const reported = identifiers(answer as { batchItemFailures: { itemIdentifier: string }[] })
    if (reported.length === 0) return []
    const places = reported.map((identifier) => batch.findIndex((record) => sequenceNumberOf(record) === identifier))
    return places.includes(-1) ? 'failed' : batch.slice(Math.min(...places))
  }

  /** Progress begins a new batch, with its own attempts. */
  const work = async (invoke: Invoke<TRecord>, batch: readonly TRecord[], attempt = 0): Promise<void> => {
    const left = await deliver(invoke, batch)
    if (left.length === 0) return
    if (left !== 'failed' && left.length < batch.length) return work(invoke, left)
    if (left === 'failed' && bisects && batch.length > 1) {
      const middle = Math.ceil(batch.length / 2)
      await work(invoke, batch.slice(0, middle), attempt)
      return work(invoke, batch.slice(middle), attempt)
    }
    if (attempt < maximumRetryAttempts) return work(invoke, batch, attempt + 1)
    discarded.push(...batch)
  }

  return {
    discarded,
    deliveries: () => deliveries,
    readAll: async (invoke) => {
      for (let at = 0; at < records.length; at += batchSize) await work(invoke, records.slice(at, at + batchSize))
    },
  }
}

export const kinesisReader = (
  records: readonly KinesisStreamRecord[],
  options: ReaderOptions,
): ShardReader<KinesisStreamRecord> => shardReader(records, ({ kinesis }) => kinesis.sequenceNumber, options)
