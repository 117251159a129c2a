import { storeFault } from '../batch/batch.ts'
import { trying } from '../batch/run.ts'
import { createRunRecords, failedOf, type MessageHandler } from '../batch/run-records.ts'
import type { TimedContext } from '../core/lifecycle/request.ts'
import { OptionError } from '../core/option-rules.ts'
import { beginPatiently } from './begin.ts'
import type { StreamOptions } from './options.ts'
import { readStreamSettings } from './settings.ts'
import type { Stream, StreamBatch } from './stream.ts'

/**
 * Returns a function that runs a batch, and returns the records that failed or were not tried, in the order of the batch.
 * It rejects if the store answered for no message, so that Lambda waits before it delivers the batch again.
 */
export const createRunBatch = <
  TRecord,
  TMessage,
  TOptions extends StreamOptions<TRecord, TMessage>,
  TContext extends TimedContext,
>(
  where: string,
  handler: MessageHandler<TMessage, TContext>,
  options: TOptions,
  stream: Stream<TRecord, TMessage, TOptions>,
): ((batch: StreamBatch<TRecord>, context: TContext) => Promise<readonly TRecord[]>) => {
  if (typeof handler !== 'function') throw new OptionError(where, 'handler', 'must be a function')
  const settings = readStreamSettings(where, options, stream)
  const runRecords = createRunRecords(where, settings, handler, trying(beginPatiently))
  return async ({ records }, context) => {
    const ran = await runRecords(records, context)
    const fault = storeFault(ran.results)
    if (fault !== undefined) throw fault
    return failedOf(ran)
  }
}
