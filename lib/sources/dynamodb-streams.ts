import { field } from './field.ts'

/** The part of a DynamoDB stream record that {@link dynamoDbStreamKey} reads. */
export interface DynamoDbStreamRecord {
  /** Optional in `@types/aws-lambda`, but the stream always sets it. */
  readonly eventID?: string | undefined
}

/**
 * Key of a record of a DynamoDB stream: `eventID`, "a globally unique identifier for the event that was recorded in
 * this stream record". It identifies the change, and is the same each time the shard is read again. Throws
 * `IdempotencyError` `key-missing` without it.
 *
 * Other fields are no keys: `dynamodb.Keys` names the item, not the change; `ApproximateCreationDateTime` has a
 * resolution of a second; `SequenceNumber` is unique within its shard only.
 *
 * Source: "Record" in the DynamoDB Streams API reference; "Using AWS Lambda with Amazon DynamoDB" in the Lambda
 * developer guide.
 */
export const dynamoDbStreamKey = (record: DynamoDbStreamRecord): string =>
  field('DynamoDB Streams', 'eventID', record?.eventID)
