import { type Attempt, storeFault } from '../batch/batch.ts'
import { trying } from '../batch/run.ts'
import { createRunRecords, failedOf, type MessageHandler } from '../batch/run-records.ts'
import { begin } from '../core/lifecycle/begin.ts'
import type { TimedContext } from '../core/lifecycle/request.ts'
import { OptionError } from '../core/option-rules.ts'
import type { SqsOptions } from './options.ts'
import { recordsOf, type SqsBatch, type SqsMessage, type SqsRecord } from './record.ts'
import { readSqsSettings, type SqsSettings } from './settings.ts'
import { delayAll } from './store-down.ts'

/** The answer of `ReportBatchItemFailures`: SQS deletes each message that it does not list. */
export interface SqsBatchResponse {
  batchItemFailures: { itemIdentifier: string }[]
}

/** Has exactly two parameters: nodejs24.x refuses handlers with three. */
export type SqsBatchHandler<TContext> = (event: SqsBatch, context: TContext) => Promise<SqsBatchResponse>

const WHERE = 'sqsHandler(handler, options)'

/**
 * Handles the batches of an SQS event source mapping with `ReportBatchItemFailures`, or of a pipe of EventBridge Pipes.
 * Your handler runs once per idempotency key, however often SQS delivers the message.
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
  handler: MessageHandler<SqsMessage<TBody>, TContext>,
  options: SqsOptions<TBody>,
): SqsBatchHandler<TContext> => {
  if (typeof handler !== 'function') throw new OptionError(WHERE, 'handler', 'must be a function')
  return batchHandler(WHERE, readSqsSettings(WHERE, options), handler, trying(begin))
}

/** Handles batches. `attempt` tries one message, and calls `handler` for it. */
export const batchHandler = <TBody, TContext extends TimedContext>(
  where: string,
  settings: SqsSettings<TBody>,
  handler: MessageHandler<SqsMessage<TBody>, TContext>,
  attempt: Attempt<SqsRecord>,
): SqsBatchHandler<TContext> => {
  const runRecords = createRunRecords(where, settings, handler, attempt)
  return async (event, context) => {
    const ran = await runRecords(recordsOf(event), context)
    const fault = storeFault(ran.results)
    if (fault !== undefined) {
      await delayAll(settings.source, ran.records, ran.deadline)
      throw fault
    }
    return { batchItemFailures: failedOf(ran).map(({ messageId }) => ({ itemIdentifier: messageId })) }
  }
}
