import { checkedKey, type KeyAnswer } from '../batch/key.ts'
import { afterwards, aParse, type Parse, parseBody } from '../batch/parse.ts'
import type { MessageHandler } from '../batch/run-records.ts'
import type { FingerprintPart } from '../core/identity/fingerprint.ts'
import type { TimedContext } from '../core/lifecycle/request.ts'
import { oneOf } from '../core/option-rules.ts'
import { kafkaKey } from '../sources/kafka.ts'
import { restarts } from './answer.ts'
import { bytesOf, chosenPart, dataPart, textOf } from './data.ts'
import { BatchFailedError } from './errors.ts'
import { createRunBatch } from './handler.ts'
import {
  idOf,
  type KafkaBatch,
  type KafkaMessage,
  type KafkaStreamRecord,
  kafkaBatch,
  kafkaMessage,
  partitionOf,
} from './kafka-record.ts'
import type { StreamOptions } from './options.ts'
import { aKeyOr, STREAM_RULES } from './settings.ts'
import { chainsByKey, type Stream } from './stream.ts'

/** The options of `kafkaHandler`, besides those of all streams. */
export interface KafkaOptions<TValue> extends StreamOptions<KafkaStreamRecord, KafkaMessage<TValue>> {
  /**
   * Where the key comes from. `'offset'`: topic, partition and offset, which survive every redelivery. A function of the
   * value also survives a second send by the producer. If it returns `skip`, the message needs no run.
   *
   * @default 'offset'
   * @example
   * key: (order) => order.orderId
   */
  readonly key?: 'offset' | ((value: TValue, message: KafkaMessage<TValue>) => KeyAnswer) | undefined
  /**
   * Makes the value from its text: a function of the text, or a Standard Schema validator of the text's JSON. Either may
   * be asynchronous. For a value that is not text, decode the Base64 of `record.value`. The text of a tombstone is empty.
   *
   * @default JSON.parse, and `null` for a tombstone
   */
  readonly parse?: Parse<TValue, KafkaStreamRecord> | undefined
  /**
   * `'partition'`: the messages of a partition run one at a time, and partitions run in parallel. `'key'`: only those of
   * one key of a partition run one at a time, and those without a key in any order.
   *
   * @default 'partition'
   */
  readonly order?: 'partition' | 'key' | undefined
  /**
   * `'throw'`: if a message fails, the invocation throws `BatchFailedError`, and Lambda delivers the whole batch again.
   * Messages that are done do not run again. `'report'`: Lambda delivers each partition from its first message that
   * failed. It needs provisioned mode and `ReportBatchItemFailures` on the event source mapping: without them Lambda
   * takes every answer for a success, and the message is lost.
   *
   * @default 'throw'
   */
  readonly failures?: 'throw' | 'report' | undefined
}

/** The answer of `ReportBatchItemFailures` for Kafka: where each partition is delivered from again. */
export interface KafkaBatchResponse {
  batchItemFailures: { itemIdentifier: { partition: string; offset: number } }[]
}

/** Has exactly two parameters: nodejs24.x refuses handlers with three. */
export type KafkaHandler<TContext> = (event: KafkaBatch, context: TContext) => Promise<KafkaBatchResponse>

const WHERE = 'kafkaHandler(handler, options)'

/**
 * Handles the batches of an event source mapping of Amazon MSK or of a self-managed Apache Kafka, or of a pipe of
 * EventBridge Pipes. Your handler runs once per idempotency key, in order, however often a partition is read.
 *
 * Your handler receives the message, its claim (`undefined` if it runs unprotected) and the Lambda context. If it throws,
 * the partition's batch ends at this message, which is delivered again: see the option `failures`.
 *
 * Throws `OptionError` for invalid options. The returned function rejects with `BatchFailedError` if a message fails under
 * `failures: 'throw'` or in a pipe, or if nothing is done. It also rejects if the store is down for every message, if the event is not a batch of Kafka
 * (`event-unsupported`), or if the margin leaves no time to start (`OptionError`).
 *
 * @example
 * export const handler = kafkaHandler<Order>(reserveStock, {
 *   store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
 *   operation: 'orders',
 *   tenant: ({ value }) => value.merchantId,
 *   key: (order) => order.orderId,
 * })
 */
export const kafkaHandler = <TValue, TContext extends TimedContext = TimedContext>(
  handler: MessageHandler<KafkaMessage<TValue>, TContext>,
  options: KafkaOptions<TValue>,
): KafkaHandler<TContext> => {
  const runBatch = createRunBatch(WHERE, handler, options, streamOf<TValue>())
  const reports = options.failures === 'report'
  return async (event, context) => {
    const batch = kafkaBatch(event)
    const failed = await runBatch(batch, context)
    const [first] = failed
    // A pipe ignores a report for Kafka: "Amazon MSK topic as a source" in the EventBridge user guide.
    if (first !== undefined && (batch.isPiped || !reports)) {
      throw new BatchFailedError(idOf(first), failed.length, batch.records.length)
    }
    return { batchItemFailures: restarts(failed, batch, { groupOf: partitionOf, idOf }).map(failureOf) }
  }
}

/** "Configuring error handling controls for Kafka event sources" in the Lambda developer guide. */
const failureOf = (record: KafkaStreamRecord) => ({
  itemIdentifier: { partition: partitionOf(record), offset: record.offset },
})

const streamOf = <TValue>(): Stream<KafkaStreamRecord, KafkaMessage<TValue>, KafkaOptions<TValue>> => ({
  rules: {
    ...STREAM_RULES,
    key: { rule: aKeyOr('offset') },
    parse: { rule: aParse },
    order: { rule: oneOf('partition', 'key') },
    failures: { rule: oneOf('throw', 'report') },
  },
  idOf,
  groupOf: partitionOf,
  chainsOf: ({ order }) => (order === 'key' ? chainsByKey(partitionOf, ({ key }) => key ?? undefined) : undefined),
  readingOf: ({ key = 'offset', parse, payload }) => ({
    read: (record) => afterwards(readValue(parse, record), (value) => kafkaMessage(record, value)),
    keyOf: (message) => checkedKey(key === 'offset' ? kafkaKey(message.record) : key(message.value, message)),
    payloadOf: (message, record) => {
      const chosen = chosenPart(payload, message)
      return chosen === undefined ? recordParts(record) : [chosen]
    },
  }),
})

const readValue = <TValue>(
  parse: Parse<TValue, KafkaStreamRecord> | undefined,
  record: KafkaStreamRecord,
): TValue | Promise<TValue> => {
  const { value } = record
  if (parse === undefined && typeof value !== 'string') return null as TValue
  return parseBody(parse, textOf(bytesOf(value ?? '')), record)
}

/** Key and value: a tombstone has no value, and its key says what is gone. */
const recordParts = ({ key, value }: KafkaStreamRecord): readonly FingerprintPart[] => [
  { kind: 'bytes', bytes: typeof key === 'string' ? bytesOf(key) : undefined },
  typeof value === 'string' ? dataPart(bytesOf(value)) : { kind: 'bytes', bytes: undefined },
]
