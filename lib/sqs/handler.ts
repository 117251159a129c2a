import type { TimedContext } from '../core/lifecycle/request.ts'
import { OptionError } from '../core/option-rules.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import {
  type Attempt,
  type BatchEntry,
  type BatchEntryResult,
  type Call,
  createBatch,
  leavesQueue,
  storeFault,
} from './batch.ts'
import { createDeadlineOf, type Deadline } from './deadline.ts'
import { identify } from './identity.ts'
import { type RunSettings, readSqsSettings, type SqsOptions, type SqsSettings } from './options.ts'
import { groupOf, recordsOf, type SqsEvent, type SqsMessage } from './record.ts'
import { tryMessage } from './run.ts'
import { runInOrder } from './run-in-order.ts'
import { delayAll } from './store-down.ts'

/** The answer of `ReportBatchItemFailures`: SQS deletes each message that it does not list. */
export interface SqsBatchResponse {
  batchItemFailures: { itemIdentifier: string }[]
}

/** Has exactly two parameters: nodejs24.x refuses handlers with three. */
export type SqsBatchHandler<TContext> = (event: SqsEvent, context: TContext) => Promise<SqsBatchResponse>

const WHERE = 'sqsHandler(handler, options)'

/**
 * Handles the batches of an SQS event source mapping with `ReportBatchItemFailures`. Your handler runs once per
 * idempotency key, however often SQS delivers the message.
 *
 * Your handler receives the message, its claim (`undefined` if it runs unprotected) and the Lambda context. Its return
 * value is stored with the record. If it throws, the message is returned to the queue; throw `NotDoneError` or
 * `TerminalError` to say whether a retry may run.
 *
 * Throws `OptionError` for invalid options. The returned function rejects in three cases: the store is down for every
 * message, so that the event source slows down; the event is not from SQS (`event-unsupported`); or the margin leaves
 * no time to start a message (`OptionError`).
 *
 * @example
 * export const handler = sqsHandler(reserveStock, {
 *   store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
 *   operation: 'orders',
 *   tenant: (message) => message.body.merchantId,
 *   key: (order) => order.orderId,
 * })
 */
export const sqsHandler = <TBody, TContext extends TimedContext = TimedContext>(
  handler: (message: SqsMessage<TBody>, claim: HandlerClaim | undefined, context: TContext) => unknown,
  options: SqsOptions<TBody>,
): SqsBatchHandler<TContext> => {
  if (typeof handler !== 'function') throw new OptionError(WHERE, 'handler', 'must be a function')
  return batchHandler(WHERE, readSqsSettings(WHERE, options), handler, tryMessage)
}

/** Handles batches. `attempt` tries one message, and calls `handler` for it. */
export const batchHandler = <TBody, TContext extends TimedContext>(
  where: string,
  settings: SqsSettings<TBody>,
  handler: (message: SqsMessage<TBody>, claim: HandlerClaim | undefined, context: TContext) => unknown,
  attempt: Attempt,
): SqsBatchHandler<TContext> => {
  const deadlineOf = createDeadlineOf(where, settings.margin, settings.core.runtime)
  return async (event, context) => {
    const records = recordsOf(event)
    const deadline = deadlineOf(context)
    const entries = await Promise.all(records.map((record) => identify(settings, record, context)))
    const call: Call<TBody> = (message, claim) => handler(message, claim, context)
    return handleBatch(settings, entries, deadline, createBatch(settings, deadline, call, attempt))
  }
}

const handleBatch = async <TBody>(
  settings: RunSettings,
  entries: readonly BatchEntry<TBody>[],
  deadline: Deadline,
  processEntry: (entry: BatchEntry<TBody>) => Promise<BatchEntryResult>,
): Promise<SqsBatchResponse> => {
  const results = await runInOrder(
    entries.map((entry) => ({ chains: chainsOf(entry), run: () => processEntry(entry) })),
    settings.concurrency,
  )
  const records = entries.map(({ record }) => record)
  const fault = storeFault(results)
  if (fault !== undefined) {
    await delayAll(settings.queue, records, deadline)
    throw fault
  }
  const failed = records.filter((_, index) => !leavesQueue(results[index]))
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }
}

/** Messages of one FIFO group run one at a time, and so do messages of one record, which would refuse each other. */
const chainsOf = (entry: BatchEntry<unknown>): readonly string[] => {
  const group = groupOf(entry.record)
  const ofGroup = group === undefined ? [] : [`group ${group}`]
  return entry.kind === 'identified' ? [...ofGroup, `record ${entry.claimRequest.recordKey}`] : ofGroup
}
