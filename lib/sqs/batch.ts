import type { StoreMisconfiguredError, StoreUnavailableError } from '../core/errors.ts'
import type { RecordKey } from '../core/identity/record-key.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import type { Deadline } from './deadline.ts'
import type { IdentifiedMessage, Skipped, Unusable } from './identity.ts'
import type { SqsMessage } from './message.ts'
import type { SqsSettings } from './options.ts'
import type { TimeLeft } from './queue.ts'
import { groupOf, receiveCountOf, type SqsRecord } from './record.ts'
import { report } from './report.ts'
import { type MessageResult, tryMessage } from './run.ts'

/** What became of a message. */
export type BatchEntryResult =
  | MessageResult
  /** Returned without a look at its record. */
  | { readonly kind: 'untried' }
  /** Acknowledged without a record: dropped, or safe in the dead-letter queue. */
  | { readonly kind: 'removed' }

export type BatchJob<TBody> = IdentifiedMessage<TBody> | Unusable | Skipped

export type Call<TBody> = (message: SqsMessage<TBody>, claim: HandlerClaim | undefined) => unknown

/** What the messages of one batch know of each other. */
export interface Batch {
  process<TBody>(settings: SqsSettings<TBody>, job: BatchJob<TBody>, call: Call<TBody>): Promise<BatchEntryResult>
}

/** So many messages without an answer, and none with one, are a store that is down: the rest would only wait for it. */
const UNANSWERED_ENOUGH = 3

const UNTRIED: BatchEntryResult = { kind: 'untried' }
const REMOVED: BatchEntryResult = { kind: 'removed' }

export const leavesQueue = (processed: BatchEntryResult | undefined): boolean =>
  processed?.kind === 'acknowledged' || processed?.kind === 'removed'

export const createBatch = (deadline: Deadline): Batch => {
  const failedGroups = new Set<string>()
  const failedKeys = new Set<RecordKey>()
  const runKeys = new Set<RecordKey>()
  let answered = 0
  let unanswered = 0

  const followsAFailure = (record: SqsRecord): boolean => {
    const group = groupOf(record)
    return group !== undefined && failedGroups.has(group)
  }

  const mayTry = ({ record, claimRequest }: IdentifiedMessage<unknown>): boolean =>
    deadline.hasTime() &&
    !followsAFailure(record) &&
    // A run of the same key has just failed: running it again at once would use up its runs, not mend its cause.
    !failedKeys.has(claimRequest.recordKey) &&
    (answered > 0 || unanswered < UNANSWERED_ENOUGH)

  const note = (record: SqsRecord, processed: BatchEntryResult, recordKey?: RecordKey): BatchEntryResult => {
    const group = groupOf(record)
    if (group !== undefined && !leavesQueue(processed)) failedGroups.add(group)
    if (processed.kind === 'failed' && recordKey !== undefined) failedKeys.add(recordKey)
    if (processed.kind === 'unanswered') unanswered++
    else if (processed.kind !== 'untried' && processed.kind !== 'removed') answered++
    return processed
  }

  return {
    process: async (settings, job, call) => {
      if (job.kind === 'skipped') {
        return note(job.record, followsAFailure(job.record) ? UNTRIED : drop(settings, job.record))
      }
      if (job.kind === 'unusable') {
        tellUnusable(settings, job)
        return note(job.record, followsAFailure(job.record) ? UNTRIED : await endUnusable(settings, job, deadline.left))
      }
      const { record, message, claimRequest } = job
      if (!mayTry(job)) return note(record, UNTRIED)
      const { recordKey } = claimRequest
      const run = {
        settings,
        identified: runKeys.has(recordKey) ? { ...job, claimRequest: { ...claimRequest, hasContender: true } } : job,
        deadline,
        call: (claim: HandlerClaim | undefined) => {
          runKeys.add(recordKey)
          return call(message, claim)
        },
      }
      const tried = await tryMessage(run).catch((error: unknown): BatchEntryResult => {
        report(settings.onError, error, record) // a store that breaks its own rules fails this message only
        return { kind: 'returned' }
      })
      return note(record, tried, recordKey)
    },
  }
}

const drop = <TBody>({ core }: SqsSettings<TBody>, { messageId }: SqsRecord): BatchEntryResult => {
  core.emit(() => ({ type: 'dropped', operation: core.operation, messageId }))
  return REMOVED
}

const tellUnusable = <TBody>({ core, onError }: SqsSettings<TBody>, { record, error }: Unusable): void => {
  const { part, messageId } = error
  core.emit(() => ({ type: 'unusable', operation: core.operation, messageId, part }))
  report(onError, error, record)
}

/** What may be usable another time is delivered as often as a run may end in doubt. */
const endUnusable = async <TBody>(
  { queue, maxRuns }: SqsSettings<TBody>,
  { record, error }: Unusable,
  left: TimeLeft,
): Promise<BatchEntryResult> => {
  if (error.retryable && receiveCountOf(record) <= maxRuns) return UNTRIED
  const buried = await queue.bury(record, { reason: 'unusable', part: error.part }, left)
  return buried === true ? REMOVED : UNTRIED
}

/** The fault of a store that answered for no message at all; `undefined` where it answered for one. */
export const storeFault = (
  processed: readonly BatchEntryResult[],
): StoreUnavailableError | StoreMisconfiguredError | undefined => {
  const unanswered = processed.find((one) => one.kind === 'unanswered')
  const down = processed.every(({ kind }) => kind === 'unanswered' || kind === 'untried' || kind === 'removed')
  return down ? unanswered?.error : undefined
}
