import { field } from './field.ts'

/** What is looked at of one of the `Records` of a Kinesis data stream. */
export interface KinesisRecord {
  readonly eventID: string
}

/**
 * Key of a record of a Kinesis data stream: `eventID`, which is shard id and sequence number. It says where in the
 * stream the record stands, so it is the same whenever the shard is read again: after a failed batch, a bisected one, a
 * reset checkpoint. `partitionKey` is shared by many records, and a producer that repeats `PutRecord` after a lost
 * answer writes a second record with an `eventID` of its own: where that happens, take a key from the data. Two streams
 * get an operation each, since the id does not name its stream. A record that holds several (KPL aggregation) is one.
 *
 * Source: "Using Lambda to process records from Amazon Kinesis Data Streams" in the Lambda developer guide.
 */
export const kinesisKey = (record: KinesisRecord): string => field('Kinesis', 'eventID', record?.eventID)
