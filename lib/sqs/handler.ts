import type { TimedContext } from '../core/lifecycle/request.ts'
import { OptionError } from '../core/option-rules.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import { type BatchEntryResult, type BatchJob, type Call, createBatch, leavesQueue, storeFault } from './batch.ts'
import { createDeadlineOf, type Deadline } from './deadline.ts'
import { identify } from './identity.ts'
import type { SqsMessage } from './message.ts'
import { readSqsSettings, type SqsOptions, type SqsSettings } from './options.ts'
import { groupOf, recordsOf, type SqsEvent, type SqsRecord } from './record.ts'
import { inTurn } from './run-in-order.ts'
import { waitOut } from './store-down.ts'

/** The answer that `ReportBatchItemFailures` asks for: what is not named in it is deleted from the queue. */
export interface SqsBatchResponse {
  batchItemFailures: { itemIdentifier: string }[]
}

/** Exactly two parameters: nodejs24.x refuses handlers with three. */
export type SqsBatchHandler<TContext> = (event: SqsEvent, context: TContext) => Promise<SqsBatchResponse>

const WHERE = 'sqsHandler(handler, options)'

/**
 * Handles the batches of an SQS event source mapping with `ReportBatchItemFailures`: each message's handler runs once
 * per idempotency key, however often the message is delivered.
 *
 * The handler gets the message, its claim (`undefined` where it runs unprotected) and the Lambda context. A message
 * whose handler throws is returned to the queue; `NotDoneError` and `TerminalError` say more than a plain throw. What
 * it returns is stored with the record, and nothing is stored where it returns nothing.
 *
 * Throws `OptionError` at once for options that cannot be right. The batch handler itself rejects only where the store
 * is down for every message, so that the event source slows down, for an event that is not of SQS, and where the margin
 * leaves no time for any message.
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
  const settings = readSqsSettings(WHERE, options)
  const deadlineOf = createDeadlineOf(WHERE, settings.margin, settings.core.runtime)
  return async (event, context) => {
    const records = recordsOf(event)
    const deadline = deadlineOf(context)
    const jobs = await Promise.all(records.map((record) => identify(settings, record, context)))
    return handleBatch(settings, jobs, deadline, (message, claim) => handler(message, claim, context))
  }
}

const handleBatch = async <TBody>(
  settings: SqsSettings<TBody>,
  jobs: readonly BatchJob<TBody>[],
  deadline: Deadline,
  call: Call<TBody>,
): Promise<SqsBatchResponse> => {
  const records = jobs.map(({ record }) => record)
  const batch = createBatch(deadline)
  const processed = await inTurn(
    jobs.map((job) => ({ chains: chainsOf(job), run: () => batch.process(settings, job, call) })),
    settings.concurrency,
  )
  const fault = storeFault(processed)
  if (fault === undefined) return responseOf(records, processed)
  await waitOut(settings.queue, records, deadline)
  throw fault
}

/** One at a time: the messages of one record, which would else only refuse each other, and those of a FIFO group. */
const chainsOf = (job: BatchJob<unknown>): readonly string[] => {
  const group = groupOf(job.record)
  const ofGroup = group === undefined ? [] : [`group ${group}`]
  return job.kind === 'identified' ? [...ofGroup, `record ${job.claimRequest.recordKey}`] : ofGroup
}

const responseOf = (records: readonly SqsRecord[], processed: readonly BatchEntryResult[]): SqsBatchResponse => ({
  batchItemFailures: records
    .filter((_, index) => !leavesQueue(processed[index]))
    .map(({ messageId }) => ({ itemIdentifier: messageId })),
})
