import { IdempotencyError } from '../core/errors.ts'

/** What SQS itself says about a message, as far as it is looked at; every value is text. */
export interface SqsSystemAttributes {
  readonly ApproximateReceiveCount: string
  readonly MessageGroupId?: string | undefined
  readonly MessageDeduplicationId?: string | undefined
}

export interface SqsMessageAttribute {
  readonly dataType: string
  readonly stringValue?: string | undefined
  /** Base64. */
  readonly binaryValue?: string | undefined
}

/** One message as Lambda's event source mapping hands it over. */
export interface SqsRecord {
  readonly messageId: string
  readonly receiptHandle: string
  readonly body: string
  readonly attributes: SqsSystemAttributes
  readonly messageAttributes: Readonly<Record<string, SqsMessageAttribute>>
  readonly eventSourceARN: string
}

export interface SqsEvent {
  readonly Records: readonly SqsRecord[]
}

export const recordsOf = (event: SqsEvent): readonly SqsRecord[] => {
  const records: unknown = (event as Partial<SqsEvent> | null | undefined)?.Records
  if (Array.isArray(records) && records.every(isSqsRecord)) return records
  throw new IdempotencyError('event-unsupported', 'sqsHandler takes the event of an SQS event source mapping')
}

/** A copy that nothing outside the layer can change: what the answer and the calls to SQS are made of. */
export const copyOf = (record: SqsRecord): SqsRecord => ({
  ...record,
  attributes: { ...record.attributes },
  messageAttributes: Object.fromEntries(
    Object.entries(record.messageAttributes ?? {}).map(([name, attribute]) => [name, { ...attribute }]),
  ),
})

const isSqsRecord = (record: Partial<SqsRecord> | null): record is SqsRecord =>
  typeof record?.messageId === 'string' && typeof record.body === 'string'

/** How often SQS has handed this message out, this time included; 1 where it does not say. */
export const receiveCountOf = ({ attributes }: SqsRecord): number =>
  Math.max(1, Math.trunc(Number(attributes?.ApproximateReceiveCount)) || 1)

/** The name of a FIFO queue ends in `.fifo`, and no other's does. */
export const isFifo = (queue: string | undefined): boolean => queue?.endsWith('.fifo') === true

/** Standard queues carry group ids too (fair queues), and promise no order by them. */
export const groupOf = (record: SqsRecord): string | undefined =>
  isFifo(record.eventSourceARN) ? (record.attributes?.MessageGroupId ?? '') : undefined
