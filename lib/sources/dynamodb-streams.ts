import { field } from './field.ts'

/** What is looked at of one of the `Records` of a DynamoDB stream. */
export interface DynamoDbStreamRecord {
  /** Optional in `@types/aws-lambda`; the stream always has it. Without it: the error `key-missing`. */
  readonly eventID?: string | undefined
}

/**
 * Key of a record of a DynamoDB stream: `eventID`, "a globally unique identifier for the event that was recorded in
 * this stream record". It belongs to the change, and is the same whenever the shard is read again. `dynamodb.Keys` name
 * the item, not the change; `ApproximateCreationDateTime` is to the second; `SequenceNumber` is unique in its shard only.
 *
 * Source: "Record" in the DynamoDB Streams API reference; "Using AWS Lambda with Amazon DynamoDB" in the Lambda
 * developer guide.
 */
export const dynamoDbStreamKey = (record: DynamoDbStreamRecord): string =>
  field('DynamoDB Streams', 'eventID', record?.eventID)
