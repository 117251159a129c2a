import {
  endAsStored,
  endMismatched,
  type MessageResult,
  type Run,
  returnLater,
  sendAway,
  withRecord,
} from '../batch/run.ts'
import { type IdempotencyError, StoreMisconfiguredError, StoreUnavailableError } from '../core/errors.ts'
import type { TimedContext } from '../core/lifecycle/request.ts'
import { OptionError } from '../core/option-rules.ts'
import { endingOfError } from '../core/outcome/outcome-policy.ts'
import { batchHandler, type SqsBatchHandler } from '../sqs/handler.ts'
import type { SqsOptions } from '../sqs/options.ts'
import type { SqsMessage, SqsRecord } from '../sqs/record.ts'
import { readSqsSettings } from '../sqs/settings.ts'
import { runOneShot } from './one-shot.ts'
import type { Plan } from './plan.ts'
import { type ClaimOptions, NO_CLAIM_OPTIONS, refused } from './plan-options.ts'

/** The options of {@link sqsWriteHandler}: those of `sqsHandler`, without the ones that need a claim. */
export type SqsWriteOptions<TBody> = Omit<SqsOptions<TBody>, ClaimOptions | 'maxRuns'>

const WHERE = 'sqsWriteHandler(plan, options)'

/**
 * Handles the batches of an SQS event source mapping, where the only effect of a message is a DynamoDB transaction. See
 * `idempotentWrite` for what `plan` may do.
 *
 * A message is acknowledged once its items are written, and also if `refused` returns: throw in `refused` to return the
 * message to the queue, or throw a `TerminalError` to send it away. No attempts are counted, so the redrive policy of the
 * queue decides how often a message that fails is delivered.
 *
 * @example
 * export const handler = sqsWriteHandler((message) => ({
 *   items: [{ Put: rowOf(message.body) }],
 *   answer: null,
 *   refused: () => { throw new TerminalError('The order exists already') },
 * }), { store, operation: 'orders', tenant: (message) => message.body.merchantId, key: (order) => order.orderId })
 */
export const sqsWriteHandler = <TBody, TContext extends TimedContext = TimedContext>(
  plan: (message: SqsMessage<TBody>, context: TContext) => Plan | Promise<Plan>,
  options: SqsWriteOptions<TBody>,
): SqsBatchHandler<TContext> => {
  if (typeof plan !== 'function') throw new OptionError(WHERE, 'plan', 'must be a function')
  const settings = readSqsSettings<TBody>(WHERE, options, {
    ...NO_CLAIM_OPTIONS,
    maxRuns: refused('counts no runs: the redrive policy of the queue decides'),
  })
  return batchHandler<TBody, TContext>(WHERE, settings, (message, _claim, context) => plan(message, context), tryWrite)
}

const tryWrite = async (run: Run<SqsRecord>): Promise<MessageResult> => {
  const { settings, claimRequest, call } = run
  try {
    const ran = await runOneShot(settings.core, claimRequest, {
      plan: () => call(undefined),
      toValue: (answer) => answer,
    })
    if (ran.kind === 'answered') return 'acknowledged'
    return ran.kind === 'replay' ? endAsStored(run, ran.record) : endRefused(run, ran.error)
  } catch (error) {
    settings.report(error, run.record)
    return endingOfError(error).kind === 'complete' ? sendAway(run, 'failed') : 'failed'
  }
}

const endRefused = (run: Run<SqsRecord>, error: IdempotencyError): MessageResult | Promise<MessageResult> => {
  const { settings, record } = run
  switch (error.code) {
    case 'key-reused':
      settings.report(withRecord(run, error), record)
      return endMismatched(run)
    case 'idempotency-unavailable':
      return new StoreUnavailableError(error.message, { cause: error.cause })
    case 'store-misconfigured':
      settings.report(error, record)
      return error instanceof StoreMisconfiguredError ? error : new StoreMisconfiguredError(error.message)
    case 'outcome-unknown':
      settings.report(withRecord(run, error), record)
      return 'returned'
    default:
      return returnLater(run, error.retryAfterSeconds)
  }
}
