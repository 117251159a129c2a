import { receiveCountOf, type SqsMessageAttribute, type SqsRecord, type SqsSystemAttributes } from './record.ts'

/** A message as the handler gets it. */
export interface SqsMessage<TBody> {
  /** What `parse` made of the body; by default `JSON.parse`. */
  readonly body: TBody
  readonly messageId: string
  /** How often SQS has handed this message out, this time included. */
  readonly receiveCount: number
  readonly attributes: SqsSystemAttributes
  readonly messageAttributes: Readonly<Record<string, SqsMessageAttribute>>
  /** The record as Lambda handed it over. */
  readonly record: SqsRecord
}

export const messageOf = <TBody>(record: SqsRecord, body: TBody): SqsMessage<TBody> => ({
  body,
  messageId: record.messageId,
  receiveCount: receiveCountOf(record),
  attributes: record.attributes ?? {},
  messageAttributes: record.messageAttributes ?? {},
  record,
})
