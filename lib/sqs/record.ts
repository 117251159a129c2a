import { IdempotencyError } from '../core/errors.ts'

/** The attributes that SQS itself sets on a message, as far as the layer reads them. Every value is a string. */
export interface SqsSystemAttributes {
  readonly ApproximateReceiveCount: string
  readonly MessageGroupId?: string | undefined
  readonly MessageDeduplicationId?: string | undefined
}

/** An attribute that the producer sets on a message. */
export interface SqsMessageAttribute {
  readonly dataType: string
  readonly stringValue?: string | undefined
  /** Base64. */
  readonly binaryValue?: string | undefined
}

/** One message as Lambda's event source mapping delivers it. */
export interface SqsRecord {
  readonly messageId: string
  readonly receiptHandle: string
  readonly body: string
  readonly attributes: SqsSystemAttributes
  readonly messageAttributes: Readonly<Record<string, SqsMessageAttribute>>
  readonly eventSourceARN: string
}

/** The event of an SQS event source mapping: one batch. */
export interface SqsEvent {
  readonly Records: readonly SqsRecord[]
}

/** One batch, from an event source mapping or from EventBridge Pipes, which delivers the bare array. */
export type SqsBatch = SqsEvent | readonly SqsRecord[]

/** A message as your handler, `key`, `tenant` and `payload` receive it. */
export interface SqsMessage<TBody> {
  /** The result of `parse`. */
  readonly body: TBody
  readonly messageId: string
  /** How often SQS has delivered this message, this delivery included. */
  readonly receiveCount: number
  readonly attributes: SqsSystemAttributes
  readonly messageAttributes: Readonly<Record<string, SqsMessageAttribute>>
  /** The record as Lambda delivered it. */
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

/** Throws {@link IdempotencyError} `event-unsupported` if the event is not from SQS. */
export const recordsOf = (event: SqsBatch): readonly SqsRecord[] => {
  const records: unknown = Array.isArray(event) ? event : (event as Partial<SqsEvent> | null | undefined)?.Records
  if (Array.isArray(records) && records.every(isSqsRecord)) return records
  throw new IdempotencyError('event-unsupported', 'sqsHandler takes batches of SQS')
}

const isSqsRecord = (record: Partial<SqsRecord> | null): record is SqsRecord =>
  typeof record?.messageId === 'string' && typeof record.body === 'string'

/** A copy that your functions cannot change. The batch's answer and the calls to SQS use it. */
export const copyOf = (record: SqsRecord): SqsRecord => ({
  ...record,
  attributes: { ...record.attributes },
  messageAttributes: Object.fromEntries(
    Object.entries(record.messageAttributes ?? {}).map(([name, attribute]) => [name, { ...attribute }]),
  ),
})

/** How often SQS has delivered this message, this delivery included; 1 if the record does not say. */
export const receiveCountOf = ({ attributes }: SqsRecord): number =>
  Math.max(1, Math.trunc(Number(attributes?.ApproximateReceiveCount)) || 1)

/** `queue` is a name, ARN or URL. The names of FIFO queues end in `.fifo`, and no other queue's name does. */
export const isFifo = (queue: string | undefined): boolean => queue?.endsWith('.fifo') === true

/** `undefined` for a standard queue: its messages may have group ids (fair queues), but these promise no order. */
export const groupOf = (record: SqsRecord): string | undefined =>
  isFifo(record.eventSourceARN) ? (record.attributes?.MessageGroupId ?? '') : undefined

export const idOf = ({ messageId }: SqsRecord): string => messageId
