import type { RecordKey } from '../core/identity/record-key.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import type { Deadline } from './deadline.ts'
import type { IdentifiedMessage, SkippedMessage, UnusableMessage } from './identity.ts'
import type { RunSettings } from './options.ts'
import { groupOf, receiveCountOf, type SqsMessage } from './record.ts'
import type { MessageResult, Run, StoreFault } from './run.ts'

export type BatchEntryResult =
  | MessageResult
  /** Returned without a claim. */
  | 'untried'
  /** Acknowledged without a record: it was skipped, or it is in the dead-letter queue. */
  | 'removed'

export type BatchEntry<TBody> = IdentifiedMessage<TBody> | UnusableMessage | SkippedMessage

/** Calls your handler. */
export type Call<TBody> = (message: SqsMessage<TBody>, claim: HandlerClaim | undefined) => unknown

/** Tries one message, and says what becomes of it. */
export type Attempt = (run: Run) => Promise<MessageResult>

/** After so many unanswered messages and no answered one the store is down, and more tries would only wait for it. */
const UNANSWERED_ENOUGH = 3

export const leavesQueue = (result: BatchEntryResult | undefined): boolean =>
  result === 'acknowledged' || result === 'removed'

/** Returns a function that processes one message. What happens to one message decides whether later ones are tried. */
export const createBatch = <TBody>(
  settings: RunSettings,
  deadline: Deadline,
  call: Call<TBody>,
  attempt: Attempt,
): ((entry: BatchEntry<TBody>) => Promise<BatchEntryResult>) => {
  const failedGroups = new Set<string | undefined>()
  const failedKeys = new Set<RecordKey>()
  const runKeys = new Set<RecordKey>()
  let hasAnswer = false
  let unanswered = 0

  const processIdentified = async ({
    record,
    message,
    claimRequest,
    decide,
  }: IdentifiedMessage<TBody>): Promise<BatchEntryResult> => {
    const { recordKey } = claimRequest
    // A run of the same key that has just failed would fail again, and use up its `maxRuns`.
    if (failedKeys.has(recordKey) || !deadline.hasTime()) return 'untried'
    if (!hasAnswer && unanswered >= UNANSWERED_ENOUGH) return 'untried'
    const result = await attempt({
      settings,
      deadline,
      record,
      decide,
      claimRequest: runKeys.has(recordKey) ? { ...claimRequest, hasContender: true } : claimRequest,
      call: (claim) => {
        runKeys.add(recordKey)
        return call(message, claim)
      },
    }).catch((error: unknown): BatchEntryResult => {
      settings.report(error, record) // a store that breaks the rules of its interface fails this message only
      return 'returned'
    })
    if (result === 'failed') failedKeys.add(recordKey)
    if (isFault(result)) unanswered++
    else hasAnswer = true
    return result
  }

  const processEntry = (entry: BatchEntry<TBody>): BatchEntryResult | Promise<BatchEntryResult> => {
    switch (entry.kind) {
      case 'identified':
        return processIdentified(entry)
      case 'skipped':
        return drop(settings, entry)
      case 'unusable':
        return endUnusable(settings, entry, deadline)
    }
  }

  return async (entry) => {
    const group = groupOf(entry.record)
    if (entry.kind === 'unusable') emitUnusable(settings, entry)
    const result = failedGroups.has(group) ? 'untried' : await processEntry(entry)
    if (group !== undefined && !leavesQueue(result)) failedGroups.add(group)
    return result
  }
}

const drop = ({ core: { emit, operation } }: RunSettings, { record: { messageId } }: SkippedMessage): 'removed' => {
  emit(() => ({ type: 'dropped', operation, messageId }))
  return 'removed'
}

const emitUnusable = ({ core: { emit, operation }, report }: RunSettings, { record, error }: UnusableMessage): void => {
  const { part, messageId } = error
  emit(() => ({ type: 'unusable', operation, messageId, part }))
  report(error, record)
}

/** A retryable error is retried `maxRuns` times. */
const endUnusable = async (
  { queue, maxRuns }: RunSettings,
  { record, error: { part, retryable } }: UnusableMessage,
  deadline: Deadline,
): Promise<'removed' | 'untried'> => {
  if (retryable && receiveCountOf(record) <= maxRuns) return 'untried'
  return (await queue.sendToDeadLetter(record, { reason: 'unusable', part }, deadline)) ? 'removed' : 'untried'
}

/** The store's fault, if the store answered for no message of the batch. */
export const storeFault = (results: readonly BatchEntryResult[]): StoreFault | undefined =>
  results.every((result) => isFault(result) || result === 'untried' || result === 'removed')
    ? results.find(isFault)
    : undefined

const isFault = (result: BatchEntryResult): result is StoreFault => typeof result === 'object'
