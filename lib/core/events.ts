import { channel } from 'node:diagnostics_channel'
import { operationOf, type RecordKey } from './identity/record-key.ts'
import type { UnavailableReason } from './outcome/outcome.ts'
import type { Claim, TakeOverReason } from './record/claim.ts'
import type { Millis } from './time.ts'
import { unawaited } from './unawaited.ts'

/** What most events say: which record they are about. */
export interface About {
  readonly operation: string
  /** Operation and digest. The raw key is never part of an event. */
  readonly recordKey: RecordKey
}

export interface OfAttempt extends About {
  readonly attempt: number
  readonly generation: number
}

/** A won claim, and how long all calls to the store took that led to it, by this host's clock. */
export interface OfWonClaim extends OfAttempt {
  readonly claimMillis: Millis
}

/** The kind of call to the store that failed. */
export type StoreStep = 'claim' | 'renew' | 'nextGeneration' | 'checkpoint' | 'commit' | 'settle' | 'peek'

/** What a person does to a record. */
export type OperatorAct =
  | 'settle'
  | 'release'
  | 'keepStep'
  | 'rerunStep'
  | 'extend'
  | 'propose'
  | 'approve'
  | 'withdraw'

/** What a reconcile function decided. */
export type ReconcileDecision = 'done' | 'rerun' | 'notDone' | 'unknown' | 'unanswered'

/** The parts that a message needs to be run once. */
export type MessagePart = 'body' | 'key' | 'tenant' | 'payload'

/** The kind of call to the queue that failed. */
export type QueueStep = 'visibility' | 'deadLetter'

export type IdempotencyEvent =
  | (OfWonClaim & { readonly type: 'claimed' })
  | (OfWonClaim & { readonly type: 'tookOver'; readonly reason: TakeOverReason })
  | (About & { readonly type: 'replayed' })
  | (About & { readonly type: 'conflicted'; readonly retryAfterSeconds: number })
  /** A person has to decide: the record is abandoned and held, or a step that must not run twice may have run. */
  | (About & { readonly type: 'outcomeUnknown' })
  | (About & { readonly type: 'mismatched' })
  | (OfAttempt & { readonly type: 'completed'; readonly status: 'SUCCEEDED' | 'FAILED'; readonly replayable: boolean })
  /** A reconcile function was asked about an abandoned record. `unanswered`: not within its time. */
  | (OfAttempt & {
      readonly type: 'reconciled'
      readonly decision: ReconcileDecision
      readonly retryAfterSeconds?: number
    })
  | (OfAttempt & { readonly type: 'released'; readonly lastError?: string })
  | (OfAttempt & { readonly type: 'abandoned'; readonly lastError?: string })
  /** A claim ended after another invocation had taken the record over, or the record was `gone`. Alarm on this one. */
  | (OfAttempt & { readonly type: 'lost'; readonly gone: boolean })
  /** The result of a step cannot be kept: after a crash the step runs again. */
  | (OfAttempt & { readonly type: 'stepNotKept'; readonly reason: UnavailableReason })
  /**
   * The handler threw after a transaction that was committed, or may have been. The caller got the committed answer, or
   * `idempotency-unavailable`, and not this error.
   */
  | (OfAttempt & { readonly type: 'answerIgnored'; readonly error: string })
  /** The handler ran, and its outcome could not be written. */
  | (OfAttempt & { readonly type: 'unstored' })
  /** The handler ran unprotected: the optional key was missing, or the store was down and `storeDown` allows it. */
  | { readonly type: 'skipped'; readonly operation: string; readonly reason: 'no-key' | 'store-down' }
  | (About & { readonly type: 'storeFailed'; readonly step: StoreStep; readonly error: string })
  /** A person has changed the record with `lambda-once/operator`. `by` is the name that the operator was given. */
  | (About & { readonly type: 'operated'; readonly act: OperatorAct; readonly by: string })
  /** A message's runs ended in doubt too often: it is not run again, and its record is completed as `FAILED`. */
  | (OfAttempt & { readonly type: 'poisoned'; readonly messageId: string })
  /** A part of a message cannot be used, so it has no record: the message is returned to the queue without a claim. */
  | { readonly type: 'unusable'; readonly operation: string; readonly messageId: string; readonly part: MessagePart }
  /** `key` answered `skip` for a message: it is acknowledged without a claim and without a run. */
  | { readonly type: 'dropped'; readonly operation: string; readonly messageId: string }
  /** A call to the queue failed. */
  | { readonly type: 'queueFailed'; readonly operation: string; readonly step: QueueStep; readonly error: string }

/** The option `observe`: a function that gets every event. */
export type Observer = (event: IdempotencyEvent) => void

/** Takes a function that makes the event: without a listener, no event is made. */
export type Emit = (describe: () => IdempotencyEvent) => void

/** The name of the `node:diagnostics_channel` on which every event is published. */
export const CHANNEL = 'lambda-once'

const published = channel(CHANNEL)

/** Publishes to the channel's subscribers and calls `observe`, whose errors are ignored. */
export const createEmitter =
  (observe: Observer | undefined): Emit =>
  (describe) => {
    if (observe === undefined && !published.hasSubscribers) return
    const event = describe()
    published.publish(event) // a subscriber that throws ends the process: Node defines it so
    try {
      unawaited(observe?.(event))
    } catch {
      // A payment must not fail because a metric did.
    }
  }

export const aboutRecord = (recordKey: RecordKey): About => ({ operation: operationOf(recordKey), recordKey })

export const aboutClaim = ({ recordKey, attempt, generation }: Claim): OfAttempt => ({
  ...aboutRecord(recordKey),
  attempt,
  generation,
})

export const storeFailed = (recordKey: RecordKey, step: StoreStep, error: unknown): IdempotencyEvent => ({
  type: 'storeFailed',
  ...aboutRecord(recordKey),
  step,
  error: causeName(error),
})

/** The class of the underlying error. Its message is left out, because it may contain addresses and names. */
export const causeName = (error: unknown): string => {
  if (!(error instanceof Error)) return 'Error'
  return error.cause instanceof Error ? error.cause.name : error.name
}
