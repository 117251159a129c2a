import { IdempotencyError } from '../core/errors.ts'
import { isObject } from '../core/option-rules.ts'
import { bytesOf, textOf } from './data.ts'
import type { StreamBatch } from './stream.ts'

/** One record of a Kafka topic, as Lambda's event source mapping delivers it. */
export interface KafkaStreamRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970. */
  readonly timestamp: number
  /** Base64; absent or `null` if the producer set none. */
  readonly key?: string | null | undefined
  /** Base64; absent or `null` for a tombstone. */
  readonly value?: string | null | undefined
  readonly headers?: readonly { readonly [name: string]: readonly number[] }[] | undefined
}

/** The event of an Amazon MSK or a self-managed Kafka event source mapping: batches of one or more partitions. */
export interface KafkaEvent {
  readonly records: { readonly [topicPartition: string]: readonly KafkaStreamRecord[] }
}

/** A record as EventBridge Pipes delivers it. */
export interface PipedKafkaRecord extends Omit<KafkaStreamRecord, 'partition'> {
  readonly partition: number | string
}

/** One batch, from an event source mapping or from EventBridge Pipes, which delivers a bare array. */
export type KafkaBatch = KafkaEvent | readonly PipedKafkaRecord[]

/** A record of a topic as your handler, `key`, `tenant` and `payload` receive it. */
export interface KafkaMessage<TValue> {
  /** The result of `parse`. */
  readonly value: TValue
  /** The record's key as text; `undefined` if it has none. */
  readonly key: string | undefined
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Topic, partition and offset. */
  readonly messageId: string
  readonly record: KafkaStreamRecord
}

export const kafkaMessage = <TValue>(record: KafkaStreamRecord, value: TValue): KafkaMessage<TValue> => {
  const { topic, partition, offset, key } = record
  return {
    value,
    key: typeof key === 'string' ? textOf(bytesOf(key)) : undefined,
    topic,
    partition,
    offset,
    messageId: idOf(record),
    record,
  }
}

/** As the event's own names of its partitions. */
export const partitionOf = ({ topic, partition }: KafkaStreamRecord): string => `${topic}-${partition}`

export const idOf = (record: KafkaStreamRecord): string => `${partitionOf(record)}-${record.offset}`

/** Throws {@link IdempotencyError} `event-unsupported` if the event is not a batch of Kafka. */
export const kafkaBatch = (event: KafkaBatch): StreamBatch<KafkaStreamRecord> => {
  const isPiped = Array.isArray(event)
  const given: unknown = isPiped ? { '': event } : (event as Partial<KafkaEvent> | null | undefined)?.records
  const records = isObject(given) ? Object.values(given).flat().map(withNumber) : undefined
  if (records?.every(isKafkaRecord)) return { records, isPiped }
  const rule = 'kafkaHandler takes the event of a Kafka event source mapping, or the array of a pipe'
  throw new IdempotencyError('event-unsupported', rule)
}

/** A pipe may deliver the number of the partition as a text. */
const withNumber = (record: unknown): unknown =>
  isObject(record) && typeof record.partition === 'string' && /^\d+$/.test(record.partition)
    ? { ...record, partition: Number(record.partition) }
    : record

const isKafkaRecord = (record: unknown): record is KafkaStreamRecord =>
  isObject(record) &&
  typeof record.topic === 'string' &&
  Number.isSafeInteger(record.partition) &&
  Number.isSafeInteger(record.offset)
