import type { RecordKey } from '../core/identity/record-key.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import type { Deadline } from './deadline.ts'
import type { BatchEntry, IdentifiedMessage, SkippedMessage, UnusableMessage } from './identity.ts'
import type { MessageResult, Run, StoreFault } from './run.ts'
import type { RunSettings } from './settings.ts'

export type BatchEntryResult =
  | MessageResult
  /** Returned without a claim. */
  | 'untried'
  /** Acknowledged without a record: it was skipped, or it is in the dead-letter queue. */
  | 'removed'

/** Calls your handler. */
export type Call<TMessage> = (message: TMessage, claim: HandlerClaim | undefined) => unknown

/** Tries one message, and says what becomes of it. */
export type Attempt<TRecord> = (run: Run<TRecord>) => Promise<MessageResult>

/** After so many unanswered messages and no answered one the store is down, and more tries would only wait for it. */
const UNANSWERED_ENOUGH = 3

/** Whether the source may forget the message. */
export const isOver = (result: BatchEntryResult | undefined): boolean =>
  result === 'acknowledged' || result === 'removed'

/** Messages of one record run one at a time too: they would refuse each other. */
export const chainsOf = <TRecord, TMessage>(
  { source }: RunSettings<TRecord>,
  entry: BatchEntry<TRecord, TMessage>,
): readonly string[] => {
  const { record } = entry
  const group = source.groupOf(record)
  const chains = source.chainsOf?.(record) ?? (group === undefined ? [] : [`group ${group}`])
  return entry.kind === 'identified' ? [...chains, `record ${entry.claimRequest.recordKey}`] : chains
}

/**
 * Returns a function that processes one message. What happens to one message decides whether later ones are tried. `place`
 * is its index in the batch.
 */
export const createProcess = <TRecord, TMessage>(
  settings: RunSettings<TRecord>,
  deadline: Deadline,
  call: Call<TMessage>,
  attempt: Attempt<TRecord>,
): ((entry: BatchEntry<TRecord, TMessage>, place: number) => Promise<BatchEntryResult>) => {
  /** For each group the place of its first message that failed. */
  const failedAt = new Map<string, number>()
  const failedKeys = new Set<RecordKey>()
  const runKeys = new Set<RecordKey>()
  let hasAnswer = false
  let unanswered = 0

  const processIdentified = async ({
    record,
    message,
    claimRequest,
    decide,
  }: IdentifiedMessage<TRecord, TMessage>): Promise<BatchEntryResult> => {
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

  const processEntry = (entry: BatchEntry<TRecord, TMessage>): BatchEntryResult | Promise<BatchEntryResult> => {
    switch (entry.kind) {
      case 'identified':
        return processIdentified(entry)
      case 'skipped':
        return drop(settings, entry)
      case 'unusable':
        return endUnusable(settings, entry, deadline)
    }
  }

  return async (entry, place) => {
    const group = settings.source.groupOf(entry.record)
    if (entry.kind === 'unusable') emitUnusable(settings, entry)
    if (group === undefined) return processEntry(entry)
    const firstFailed = (): number => failedAt.get(group) ?? place
    const result = place > firstFailed() ? 'untried' : await processEntry(entry)
    if (!isOver(result)) failedAt.set(group, Math.min(place, firstFailed()))
    return result
  }
}

const drop = <TRecord>(
  { core: { emit, operation }, source }: RunSettings<TRecord>,
  { record }: SkippedMessage<TRecord>,
): 'removed' => {
  const messageId = source.idOf(record)
  emit(() => ({ type: 'dropped', operation, messageId }))
  return 'removed'
}

const emitUnusable = <TRecord>(
  { core: { emit, operation }, report }: RunSettings<TRecord>,
  { record, error }: UnusableMessage<TRecord>,
): void => {
  const { part, messageId } = error
  emit(() => ({ type: 'unusable', operation, messageId, part }))
  report(error, record)
}

/** A retryable error is retried `maxRuns` times; if the source does not count, as often as it delivers the message. */
const endUnusable = async <TRecord>(
  { source, maxRuns }: RunSettings<TRecord>,
  { record, error: { part, retryable } }: UnusableMessage<TRecord>,
  deadline: Deadline,
): Promise<'removed' | 'untried'> => {
  if (retryable && source.deliveryOf(record) <= maxRuns) return 'untried'
  return (await source.sendToDeadLetter(record, { reason: 'unusable', part }, deadline)) ? 'removed' : 'untried'
}

/** The store's fault, if the store answered for no message of the batch. */
export const storeFault = (results: readonly BatchEntryResult[]): StoreFault | undefined =>
  results.every((result) => isFault(result) || result === 'untried' || result === 'removed')
    ? results.find(isFault)
    : undefined

const isFault = (result: BatchEntryResult): result is StoreFault => typeof result === 'object'
