import { checkedKey, type KeyAnswer } from '../batch/key.ts'
import type { MessageHandler } from '../batch/run-records.ts'
import type { FingerprintPart } from '../core/identity/fingerprint.ts'
import { canonicalPayload } from '../core/identity/payload.ts'
import type { TimedContext } from '../core/lifecycle/request.ts'
import { aFunction, oneOf } from '../core/option-rules.ts'
import { dynamoDbStreamKey } from '../sources/dynamodb-streams.ts'
import { answerOf, type StreamBatchResponse } from './answer.ts'
import { chosenPart } from './data.ts'
import {
  type DynamoDbStreamBatch,
  type DynamoDbStreamMessage,
  type DynamoDbStreamRecord,
  dynamoDbBatch,
  type Image,
} from './dynamodb-record.ts'
import { createRunBatch } from './handler.ts'
import type { StreamOptions } from './options.ts'
import { aKeyOr, refuseConcurrency, STREAM_RULES } from './settings.ts'
import { chainsByKey, type Stream } from './stream.ts'

/** The options of `dynamoDbStreamHandler`, besides those of all streams. */
export interface DynamoDbStreamOptions<TItem>
  extends StreamOptions<DynamoDbStreamRecord, DynamoDbStreamMessage<TItem>> {
  /**
   * Where the key comes from. `'eventID'`: the id of the change, which survives every redelivery. Or a function of the
   * message. If it returns `skip`, the message needs no run.
   *
   * @default 'eventID'
   * @example
   * key: ({ newImage }) => (newImage?.status === 'paid' ? newImage.orderId : skip)
   */
  readonly key?: 'eventID' | ((message: DynamoDbStreamMessage<TItem>) => KeyAnswer) | undefined
  /**
   * Makes an item of an image: the `unmarshall` of `@aws-sdk/util-dynamodb`, or any other function. It receives an
   * {@link Image}.
   *
   * @default none: your functions receive the images, with the types of their values
   * @example
   * unmarshall: (image) => unmarshall(image) as Order
   */
  // `never`, because the SDK's type of a value differs from Lambda's: there bytes are no Base64.
  readonly unmarshall?: ((image: never) => TItem) | undefined
  /**
   * `'shard'`: the messages of a shard run one at a time. `'item'`: only those of one item do, and up to `concurrency` run
   * at once.
   *
   * @default 'shard'
   */
  readonly order?: 'shard' | 'item' | undefined
}

/** Has exactly two parameters: nodejs24.x refuses handlers with three. */
export type DynamoDbStreamHandler<TContext> = (
  event: DynamoDbStreamBatch,
  context: TContext,
) => Promise<StreamBatchResponse>

const WHERE = 'dynamoDbStreamHandler(handler, options)'

/**
 * Handles the batches of a DynamoDB stream's event source mapping with `ReportBatchItemFailures`, or of a pipe of
 * EventBridge Pipes. Your handler runs once per idempotency key, in order, however often Lambda reads the shard.
 *
 * Your handler receives the message, its claim (`undefined` if it runs unprotected) and the Lambda context. If it throws,
 * the batch ends at this message, and Lambda delivers from it again.
 *
 * Throws `OptionError` for invalid options. The returned function rejects if the first message of a batch is not done
 * (`BatchFailedError`), so that Lambda may halve the batch; if the store is down for every message; if the
 * event is not a batch of a stream (`event-unsupported`), or if the margin leaves no time to start (`OptionError`).
 *
 * @example
 * export const handler = dynamoDbStreamHandler<Order>(sendReceipt, {
 *   store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
 *   operation: 'receipts',
 *   tenant: 'single-tenant',
 *   unmarshall: (image) => unmarshall(image) as Order,
 * })
 */
export const dynamoDbStreamHandler = <TItem = Image, TContext extends TimedContext = TimedContext>(
  handler: MessageHandler<DynamoDbStreamMessage<TItem>, TContext>,
  options: DynamoDbStreamOptions<TItem>,
): DynamoDbStreamHandler<TContext> => {
  const runBatch = createRunBatch(WHERE, handler, options, streamOf<TItem>())
  return async (event, context) => {
    const batch = dynamoDbBatch(event)
    return answerOf(await runBatch(batch, context), batch, NAMING)
  }
}

const NAMING = {
  idOf: ({ eventID = '' }: DynamoDbStreamRecord): string => eventID,
  /** A batch comes from one shard, which no record names. */
  groupOf: (): string => 'shard',
  sequenceNumberOf: ({ dynamodb }: DynamoDbStreamRecord): string => dynamodb?.SequenceNumber ?? '',
}

const streamOf = <TItem>(): Stream<
  DynamoDbStreamRecord,
  DynamoDbStreamMessage<TItem>,
  DynamoDbStreamOptions<TItem>
> => ({
  rules: {
    ...STREAM_RULES,
    key: { rule: aKeyOr('eventID') },
    unmarshall: { rule: aFunction },
    order: { rule: oneOf('shard', 'item') },
  },
  check: refuseConcurrency,
  ...NAMING,
  chainsOf: ({ order }) =>
    order === 'item'
      ? chainsByKey(NAMING.groupOf, ({ dynamodb }) => canonicalPayload(dynamodb?.Keys ?? null))
      : undefined,
  readingOf: ({ key = 'eventID', unmarshall, payload }) => ({
    read: (record) => messageOf(record, unmarshall),
    keyOf: (message) => checkedKey(key === 'eventID' ? dynamoDbStreamKey(message.record) : key(message)),
    payloadOf: (message, record) => [chosenPart(payload, message) ?? changePart(record)],
  }),
})

const messageOf = <TItem>(
  record: DynamoDbStreamRecord,
  unmarshall: DynamoDbStreamOptions<TItem>['unmarshall'],
): DynamoDbStreamMessage<TItem> => {
  const { eventName = 'MODIFY', dynamodb: { Keys = {}, NewImage, OldImage } = {} } = record
  const itemOf = (image: Image | undefined): TItem | undefined => {
    if (image === undefined) return undefined
    return unmarshall === undefined ? (image as TItem) : unmarshall(image as never)
  }
  return {
    eventName,
    keys: Keys,
    newImage: itemOf(NewImage),
    oldImage: itemOf(OldImage),
    messageId: NAMING.idOf(record),
    sequenceNumber: NAMING.sequenceNumberOf(record),
    record,
  }
}

/** The change itself, without what its place in the stream adds. */
const changePart = ({ eventName, dynamodb }: DynamoDbStreamRecord): FingerprintPart => {
  const { Keys = null, NewImage = null, OldImage = null } = dynamodb ?? {}
  return { kind: 'canonical', text: canonicalPayload([eventName ?? null, Keys, NewImage, OldImage]) }
}
