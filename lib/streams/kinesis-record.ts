import { IdempotencyError } from '../core/errors.ts'
import { isObject } from '../core/option-rules.ts'
import { refuseWindow } from './event.ts'
import type { StreamBatch } from './stream.ts'

/** The data of a record, and its place in the stream. */
export interface KinesisPayload {
  /** Base64. */
  readonly data: string
  readonly partitionKey: string
  readonly sequenceNumber: string
  /** Seconds since 1970, with a fraction. */
  readonly approximateArrivalTimestamp: number
}

/** One record of a Kinesis data stream, as Lambda's event source mapping delivers it. */
export interface KinesisStreamRecord {
  /** Shard id and sequence number. */
  readonly eventID: string
  readonly eventSourceARN: string
  readonly kinesis: KinesisPayload
}

/** The event of a Kinesis event source mapping: one batch of one shard. */
export interface KinesisEvent {
  readonly Records: readonly KinesisStreamRecord[]
}

/** A record as EventBridge Pipes delivers it, without the envelope `kinesis`. */
export interface PipedKinesisRecord extends KinesisPayload {
  readonly eventID: string
  readonly eventSourceARN: string
}

/** One batch, from an event source mapping or from EventBridge Pipes, which delivers a bare array. */
export type KinesisBatch = KinesisEvent | readonly PipedKinesisRecord[]

/** A record of the stream as your handler, `key`, `tenant` and `payload` receive it. */
export interface KinesisMessage<TData> {
  /** The result of `parse`. */
  readonly data: TData
  /** The record's `eventID`. */
  readonly messageId: string
  readonly partitionKey: string
  readonly sequenceNumber: string
  /** The record as an event source mapping delivers it, also if it came through a pipe. */
  readonly record: KinesisStreamRecord
}

export const kinesisMessage = <TData>(record: KinesisStreamRecord, data: TData): KinesisMessage<TData> => ({
  data,
  messageId: record.eventID,
  partitionKey: record.kinesis.partitionKey,
  sequenceNumber: record.kinesis.sequenceNumber,
  record,
})

/** Throws {@link IdempotencyError} `event-unsupported` if the event is not a batch of Kinesis, or has a window. */
export const kinesisBatch = (event: KinesisBatch): StreamBatch<KinesisStreamRecord> => {
  refuseWindow('kinesisHandler', event)
  const isPiped = Array.isArray(event)
  const given: unknown = isPiped ? event : (event as Partial<KinesisEvent> | null | undefined)?.Records
  const records = Array.isArray(given) ? given.map(unpiped) : undefined
  if (records?.every(isKinesisRecord)) return { records, isPiped }
  const rule = 'kinesisHandler takes the event of a Kinesis event source mapping, or the array of a pipe'
  throw new IdempotencyError('event-unsupported', rule)
}

const unpiped = (record: unknown): unknown => {
  if (!isObject(record) || 'kinesis' in record) return record
  const { kinesisSchemaVersion, data, partitionKey, sequenceNumber, approximateArrivalTimestamp, ...rest } = record
  const kinesis = { kinesisSchemaVersion, data, partitionKey, sequenceNumber, approximateArrivalTimestamp }
  return { ...rest, kinesis }
}

const isKinesisRecord = (record: unknown): record is KinesisStreamRecord =>
  isObject(record) &&
  typeof record.eventID === 'string' &&
  isObject(record.kinesis) &&
  typeof record.kinesis.data === 'string' &&
  typeof record.kinesis.sequenceNumber === 'string'
