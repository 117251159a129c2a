import type { TimedContext } from '../core/lifecycle/request.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import { type Attempt, type BatchEntryResult, chainsOf, createProcess, isOver } from './batch.ts'
import { createDeadlineOf, type Deadline } from './deadline.ts'
import { identify } from './identity.ts'
import { runInOrder } from './run-in-order.ts'
import type { BatchSettings } from './settings.ts'

/** A batch whose messages were tried as far as possible. */
export interface RanBatch<TRecord> {
  readonly deadline: Deadline
  /** The layer's copies, in the order of the batch. */
  readonly records: readonly TRecord[]
  readonly results: readonly BatchEntryResult[]
}

/** Your handler, as all entries that take batches receive it. */
export type MessageHandler<TMessage, TContext> = (
  message: TMessage,
  claim: HandlerClaim | undefined,
  context: TContext,
) => unknown

/** Returns a function that runs the records of one batch. `attempt` tries one message, and calls `handler` for it. */
export const createRunRecords = <TRecord, TMessage, TContext extends TimedContext>(
  where: string,
  settings: BatchSettings<TRecord, TMessage>,
  handler: MessageHandler<TMessage, TContext>,
  attempt: Attempt<TRecord>,
): ((given: readonly TRecord[], context: TContext) => Promise<RanBatch<TRecord>>) => {
  const deadlineOf = createDeadlineOf(where, settings.margin, settings.core.runtime)
  return async (given, context) => {
    const deadline = deadlineOf(context)
    const entries = await Promise.all(given.map((record) => identify(settings, record, context)))
    const call = (message: TMessage, claim: HandlerClaim | undefined): unknown => handler(message, claim, context)
    const processEntry = createProcess(settings, deadline, call, attempt)
    const results = await runInOrder(
      entries.map((entry, place) => ({ chains: chainsOf(settings, entry), run: () => processEntry(entry, place) })),
      settings.concurrency,
    )
    return { deadline, records: entries.map(({ record }) => record), results }
  }
}

/** The records that their source has to deliver again. */
export const failedOf = <TRecord>({ records, results }: RanBatch<TRecord>): readonly TRecord[] =>
  records.filter((_, index) => !isOver(results[index]))
