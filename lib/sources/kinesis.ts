import { field } from './field.ts'

/** The part of a Kinesis record that {@link kinesisKey} reads. */
export interface KinesisRecord {
  readonly eventID: string
}

/**
 * Key of a record of a Kinesis data stream: `eventID`, which is shard id and sequence number. It is the record's position
 * in the stream, so it is the same each time the shard is read again: after a failed batch, a bisected batch or a reset
 * checkpoint. Throws `IdempotencyError` `key-missing` without it.
 *
 * `partitionKey` is no key: many records share it. A producer that repeats `PutRecord` after a lost answer writes a
 * second record with another `eventID`; if your producer does that, take a key from the data. The id does not name its
 * stream, so give each stream its own operation. An aggregated record (KPL) has one key for all records in it.
 *
 * Source: "Using Lambda to process records from Amazon Kinesis Data Streams" in the Lambda developer guide.
 */
export const kinesisKey = (record: KinesisRecord): string => field('Kinesis', 'eventID', record?.eventID)
