import { BatchFailedError } from './errors.ts'
import type { StreamBatch } from './stream.ts'

/** The answer of `ReportBatchItemFailures`, to an event source mapping or to a pipe. */
export interface StreamBatchResponse {
  batchItemFailures: { itemIdentifier: string }[]
}

interface Naming<TRecord> {
  readonly groupOf: (record: TRecord) => string
  readonly sequenceNumberOf: (record: TRecord) => string
  readonly idOf: (record: TRecord) => string
}

/**
 * Lambda knows a record by its sequence number, and a pipe by its event id. Throws {@link BatchFailedError} if Lambda has
 * to deliver the whole batch again.
 *
 * Source: "Configuring partial batch response with Kinesis Data Streams and Lambda" in the Lambda developer guide;
 * "Amazon EventBridge Pipes batching and concurrency" in the EventBridge user guide.
 */
export const answerOf = <TRecord>(
  failed: readonly TRecord[],
  batch: StreamBatch<TRecord>,
  { groupOf, sequenceNumberOf, idOf }: Naming<TRecord>,
): StreamBatchResponse => {
  const itemIdentifiers = batch.isPiped
    ? failed.map(idOf)
    : restarts(failed, batch, { groupOf, idOf }).map(sequenceNumberOf)
  return { batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })) }
}

/**
 * Where each group is delivered from again: Lambda takes the lowest that is reported.
 *
 * If that is the start of every group, throws {@link BatchFailedError}. A report would deliver the same messages, but under
 * `BisectBatchOnFunctionError` Lambda halves a batch only after an error, until what it gives up is one message.
 */
export const restarts = <TRecord>(
  failed: readonly TRecord[],
  { records }: StreamBatch<TRecord>,
  { groupOf, idOf }: Pick<Naming<TRecord>, 'groupOf' | 'idOf'>,
): readonly TRecord[] => {
  const lowest = firstOfEach(failed, groupOf)
  const [first] = lowest
  const ids = new Set(lowest.map(idOf))
  if (first !== undefined && firstOfEach(records, groupOf).every((start) => ids.has(idOf(start)))) {
    throw new BatchFailedError(idOf(first), failed.length, records.length)
  }
  return lowest
}

const firstOfEach = <TRecord>(
  records: readonly TRecord[],
  groupOf: (record: TRecord) => string,
): readonly TRecord[] => {
  const groups = new Set<string>()
  return records.filter((record) => {
    const group = groupOf(record)
    const isFirst = !groups.has(group)
    groups.add(group)
    return isFirst
  })
}
