import { channel } from 'node:diagnostics_channel'
import { operationOf, type RecordKey } from './identity/record-key.ts'
import type { Claim } from './record/claim.ts'
import type { Millis } from './time.ts'
import { unawaited } from './unawaited.ts'

export interface About {
  readonly operation: string
  /** Operation and digest; the raw key is never part of an event. */
  readonly recordKey: RecordKey
}

export interface OfAttempt extends About {
  readonly attempt: number
  readonly generation: number
}

/** A won claim, and how long the claim step took: all its calls to the store, as this host's clock saw them. */
export interface OfWonClaim extends OfAttempt {
  readonly claimMillis: Millis
}

/** Where a call to the store failed. */
export type StoreStep = 'claim' | 'renew' | 'settle' | 'peek'

/** What a message needs, to be run once. */
export type MessagePart = 'body' | 'key' | 'tenant' | 'payload'

/** What the layer asks of a queue. */
export type QueueStep = 'visibility' | 'deadLetter'

export type IdempotencyEvent =
  | (OfWonClaim & { readonly type: 'claimed' })
  | (OfWonClaim & { readonly type: 'tookOver'; readonly reason: 'expired' | 'released' | 'abandoned' })
  | (About & { readonly type: 'replayed' })
  | (About & { readonly type: 'conflicted'; readonly retryAfterSeconds: number })
  /** Abandoned and held: a person has to decide. */
  | (About & { readonly type: 'outcomeUnknown' })
  | (About & { readonly type: 'mismatched' })
  | (OfAttempt & { readonly type: 'completed'; readonly status: 'SUCCEEDED' | 'FAILED'; readonly replayable: boolean })
  | (OfAttempt & { readonly type: 'released'; readonly lastError?: string })
  | (OfAttempt & { readonly type: 'abandoned'; readonly lastError?: string })
  /** A claim ended after somebody else had taken the record over: the one to alarm on. */
  | (OfAttempt & { readonly type: 'lost'; readonly gone: boolean })
  /** The handler ran, and its end could not be written. */
  | (OfAttempt & { readonly type: 'unstored' })
  /** The handler ran outside the guarantee: no key where it is optional, or the store was down and that was allowed. */
  | { readonly type: 'skipped'; readonly operation: string; readonly reason: 'no-key' | 'store-down' }
  | (About & { readonly type: 'storeFailed'; readonly step: StoreStep; readonly error: string })
  /** A message whose runs ended in doubt too often: it is not run again, and its record completes as `FAILED`. */
  | (OfAttempt & { readonly type: 'poisoned'; readonly messageId: string })
  /** A message that has no record, because that part of it cannot be used: it is returned without a claim. */
  | { readonly type: 'unusable'; readonly operation: string; readonly messageId: string; readonly part: MessagePart }
  /** A message for which `key` answered `skip`: it is acknowledged, without a claim and without a run. */
  | { readonly type: 'dropped'; readonly operation: string; readonly messageId: string }
  /** A call to the queue itself failed. */
  | { readonly type: 'queueFailed'; readonly operation: string; readonly step: QueueStep; readonly error: string }

export type Observer = (event: IdempotencyEvent) => void

/** Takes the event as a function: where nobody listens, none is made. */
export type Emit = (describe: () => IdempotencyEvent) => void

/** The name of the `node:diagnostics_channel` on which every event is published. */
export const CHANNEL = 'lambda-once'

const published = channel(CHANNEL)

/** Tells the channel's subscribers and the user's own listener, whose errors do no harm. */
export const createEmitter =
  (observe: Observer | undefined): Emit =>
  (describe) => {
    if (observe === undefined && !published.hasSubscribers) return
    const event = describe()
    published.publish(event) // a subscriber that throws ends the process: so Node has it
    try {
      unawaited(observe?.(event))
    } catch {
      // Watching must not change what is watched: a payment does not fail because a metric did.
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

/** The class of what went wrong below; its message may hold addresses and names. */
export const causeName = (error: unknown): string => {
  if (!(error instanceof Error)) return 'Error'
  return error.cause instanceof Error ? error.cause.name : error.name
}
