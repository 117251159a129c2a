import { checkedKey, type KeyAnswer } from '../batch/key.ts'
import { afterwards, aParse, type Parse, parseBody } from '../batch/parse.ts'
import type { MessageHandler } from '../batch/run-records.ts'
import { IdempotencyError } from '../core/errors.ts'
import type { TimedContext } from '../core/lifecycle/request.ts'
import { oneOf } from '../core/option-rules.ts'
import { kinesisKey } from '../sources/kinesis.ts'
import { answerOf, type StreamBatchResponse } from './answer.ts'
import { bytesOf, chosenPart, dataPart, textOf } from './data.ts'
import { createRunBatch } from './handler.ts'
import {
  type KinesisBatch,
  type KinesisMessage,
  type KinesisStreamRecord,
  kinesisBatch,
  kinesisMessage,
} from './kinesis-record.ts'
import type { StreamOptions } from './options.ts'
import { aKeyOr, refuseConcurrency, STREAM_RULES } from './settings.ts'
import { chainsByKey, type Stream } from './stream.ts'

/** The options of `kinesisHandler`, besides those of all streams. */
export interface KinesisOptions<TData> extends StreamOptions<KinesisStreamRecord, KinesisMessage<TData>> {
  /**
   * Where the key comes from. `'eventID'`: the record's place in the stream, which survives every redelivery. A function of
   * the data also survives a second `PutRecord` by the producer. If it returns `skip`, the message needs no run.
   *
   * @default 'eventID'
   * @example
   * key: (order) => order.orderId
   */
  readonly key?: 'eventID' | ((data: TData, message: KinesisMessage<TData>) => KeyAnswer) | undefined
  /**
   * Makes the data from its text: a function of the text, or a Standard Schema validator of the text's JSON. Either may
   * be asynchronous. For data that is not text, decode the Base64 of `record.kinesis.data`. The default refuses a record
   * that the Kinesis Producer Library has aggregated.
   *
   * @default JSON.parse
   */
  readonly parse?: Parse<TData, KinesisStreamRecord> | undefined
  /**
   * `'shard'`: the messages of a shard run one at a time. `'partitionKey'`: only those of one partition key do, and up to
   * `concurrency` run at once.
   *
   * @default 'shard'
   */
  readonly order?: 'shard' | 'partitionKey' | undefined
}

/** Has exactly two parameters: nodejs24.x refuses handlers with three. */
export type KinesisHandler<TContext> = (event: KinesisBatch, context: TContext) => Promise<StreamBatchResponse>

const WHERE = 'kinesisHandler(handler, options)'

/**
 * Handles the batches of a Kinesis event source mapping with `ReportBatchItemFailures`, or of a pipe of EventBridge Pipes.
 * Your handler runs once per idempotency key, in order, however often Lambda reads the shard.
 *
 * Your handler receives the message, its claim (`undefined` if it runs unprotected) and the Lambda context. If it throws,
 * the batch ends at this message, and Lambda delivers from it again.
 *
 * Throws `OptionError` for invalid options. The returned function rejects if the first message of a batch is not done
 * (`BatchFailedError`), so that Lambda may halve the batch; if the store is down for every message; if the
 * event is not a batch of Kinesis (`event-unsupported`), or if the margin leaves no time to start (`OptionError`).
 *
 * @example
 * export const handler = kinesisHandler<Order>(reserveStock, {
 *   store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
 *   operation: 'orders',
 *   tenant: ({ data }) => data.merchantId,
 * })
 */
export const kinesisHandler = <TData, TContext extends TimedContext = TimedContext>(
  handler: MessageHandler<KinesisMessage<TData>, TContext>,
  options: KinesisOptions<TData>,
): KinesisHandler<TContext> => {
  const runBatch = createRunBatch(WHERE, handler, options, streamOf<TData>())
  return async (event, context) => {
    const batch = kinesisBatch(event)
    return answerOf(await runBatch(batch, context), batch, NAMING)
  }
}

const NAMING = {
  idOf: ({ eventID }: KinesisStreamRecord): string => eventID,
  /** The shard's id. */
  groupOf: ({ eventID }: KinesisStreamRecord): string => eventID.replace(/:.*$/s, ''),
  sequenceNumberOf: ({ kinesis }: KinesisStreamRecord): string => kinesis.sequenceNumber,
}

const streamOf = <TData>(): Stream<KinesisStreamRecord, KinesisMessage<TData>, KinesisOptions<TData>> => ({
  rules: {
    ...STREAM_RULES,
    key: { rule: aKeyOr('eventID') },
    parse: { rule: aParse },
    order: { rule: oneOf('shard', 'partitionKey') },
  },
  check: refuseConcurrency,
  ...NAMING,
  chainsOf: ({ order }) =>
    order === 'partitionKey' ? chainsByKey(NAMING.groupOf, ({ kinesis }) => kinesis.partitionKey) : undefined,
  readingOf: ({ key = 'eventID', parse, payload }) => ({
    read: (record) => afterwards(dataOf(parse, record), (data) => kinesisMessage(record, data)),
    keyOf: (message) => checkedKey(key === 'eventID' ? kinesisKey(message.record) : key(message.data, message)),
    payloadOf: (message, { kinesis }) => [chosenPart(payload, message) ?? dataPart(bytesOf(kinesis.data))],
  }),
})

const dataOf = <TData>(
  parse: Parse<TData, KinesisStreamRecord> | undefined,
  record: KinesisStreamRecord,
): TData | Promise<TData> => {
  const bytes = bytesOf(record.kinesis.data)
  if (typeof parse !== 'function' && isAggregated(bytes)) throw new IdempotencyError('payload-invalid', AGGREGATED_DATA)
  return parseBody(parse, textOf(bytes), record)
}

/** "KPL Aggregated Record Format", in the documents of the Kinesis Producer Library. */
const MAGIC_NUMBER = [0xf3, 0x89, 0x9a, 0xc2]
const isAggregated = (bytes: Uint8Array): boolean => MAGIC_NUMBER.every((byte, index) => bytes[index] === byte)
const AGGREGATED_DATA =
  'The Kinesis Producer Library has aggregated several records in it: take them apart in "parse", or switch the ' +
  'aggregation off'
