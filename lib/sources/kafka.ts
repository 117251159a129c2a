import { field, join } from './field.ts'

/** The part of a Kafka record that {@link kafkaKey} reads. */
export interface KafkaRecord {
  readonly topic: string
  /** A text in the events of EventBridge Pipes. */
  readonly partition: number | string
  readonly offset: number
}

/**
 * Key of a Kafka record: topic, partition and offset. They are the record's position, so they are the same each time the
 * partition is read again. Throws `IdempotencyError` `key-missing` if one of them is missing.
 *
 * The record's own `key` is no key here: many records share it, and some have none. A producer that repeats a send after
 * a lost answer writes a second record with another offset, unless its `enable.idempotence` is on; if your producer does
 * that, take a key from the value. The key does not name its cluster, so give each cluster its own operation. A topic
 * that is deleted and created again counts its offsets from 0 again: give it a new operation.
 *
 * Source: "Using Lambda with Amazon MSK" in the Lambda developer guide (`topic`, `partition`, `offset`).
 */
export const kafkaKey = (record: KafkaRecord): string =>
  join(
    field('Kafka', 'topic', record?.topic),
    field('Kafka', 'partition', text(record?.partition)),
    field('Kafka', 'offset', text(record?.offset)),
  )

const text = (value: unknown): unknown => (Number.isSafeInteger(value) ? String(value) : value)
