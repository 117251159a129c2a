import { IdempotencyError } from '../core/errors.ts'
import { isObject } from '../core/option-rules.ts'
import { refuseWindow } from './event.ts'
import type { StreamBatch } from './stream.ts'

/** A value with its type, as in the API of DynamoDB Streams. In the events of Lambda, bytes are Base64. */
export type ImageValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: boolean }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly L: readonly ImageValue[] }
  | { readonly M: Image }

/** The attributes of an item. */
export interface Image {
  readonly [name: string]: ImageValue
}

/** One record of a DynamoDB stream, as Lambda delivers it. The members that are optional here are always set by it. */
export interface DynamoDbStreamRecord {
  readonly eventID?: string | undefined
  readonly eventName?: 'INSERT' | 'MODIFY' | 'REMOVE' | undefined
  readonly eventSourceARN?: string | undefined
  readonly dynamodb?:
    | {
        readonly Keys?: Image | undefined
        readonly NewImage?: Image | undefined
        readonly OldImage?: Image | undefined
        readonly SequenceNumber?: string | undefined
        /** Seconds since 1970. */
        readonly ApproximateCreationDateTime?: number | undefined
      }
    | undefined
}

/** The event of a DynamoDB event source mapping: one batch of one shard. */
export interface DynamoDbStreamEvent {
  readonly Records: readonly DynamoDbStreamRecord[]
}

/** One batch, from an event source mapping or from EventBridge Pipes, which delivers the bare array. */
export type DynamoDbStreamBatch = DynamoDbStreamEvent | readonly DynamoDbStreamRecord[]

/** A change of an item as your handler, `key`, `tenant` and `payload` receive it. */
export interface DynamoDbStreamMessage<TItem> {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE'
  /** The item's key, with the types of its values. */
  readonly keys: Image
  /** The item after the change; `undefined` after a removal, or if the stream's view type leaves it out. */
  readonly newImage: TItem | undefined
  /** The item before the change; `undefined` for a new item, or if the stream's view type leaves it out. */
  readonly oldImage: TItem | undefined
  /** The record's `eventID`. */
  readonly messageId: string
  readonly sequenceNumber: string
  readonly record: DynamoDbStreamRecord
}

/** Throws {@link IdempotencyError} `event-unsupported` if the event is not a batch of a stream, or has a window. */
export const dynamoDbBatch = (event: DynamoDbStreamBatch): StreamBatch<DynamoDbStreamRecord> => {
  refuseWindow('dynamoDbStreamHandler', event)
  const isPiped = Array.isArray(event)
  const records: unknown = isPiped ? event : (event as Partial<DynamoDbStreamEvent> | null | undefined)?.Records
  if (Array.isArray(records) && records.every(isStreamRecord)) return { records, isPiped }
  const rule = 'dynamoDbStreamHandler takes the event of a DynamoDB event source mapping, or the array of a pipe'
  throw new IdempotencyError('event-unsupported', rule)
}

const isStreamRecord = (record: unknown): record is DynamoDbStreamRecord =>
  isObject(record) &&
  typeof record.eventID === 'string' &&
  isObject(record.dynamodb) &&
  typeof record.dynamodb.SequenceNumber === 'string'
