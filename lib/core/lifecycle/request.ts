import type { Fingerprint } from '../identity/fingerprint.ts'
import type { RecordKey } from '../identity/record-key.ts'
import type { Outcome } from '../outcome/outcome.ts'
import { type Runtime, steadyClock } from '../runtime.ts'
import { type EpochMillis, later, type Millis, millis } from '../time.ts'

/** The clock and the end of one invocation. */
export interface InvocationTimes {
  /** This host's clock. It does not follow if the host's clock steps back during the invocation. */
  readonly now: () => EpochMillis
  /** When the host ends this invocation; `undefined` if it does not. */
  readonly deadline: EpochMillis | undefined
  /** When the context says that the invocation ends, even if the host does not enforce it. */
  readonly expectedEnd: EpochMillis | undefined
}

/** A request with its identity derived. Nothing is computed from the event again. */
export interface ClaimRequest extends InvocationTimes {
  readonly recordKey: RecordKey
  readonly fingerprint: Fingerprint
  /** A replay is likely, so the record is read before the claim: a read is cheaper than a refused write. */
  readonly peekFirst?: boolean
  /** Another run of this key is known: this request never runs without a claim, whatever the store says next. */
  readonly hasContender?: boolean
  /** How long to wait for another invocation's outcome before answering with the conflict. */
  readonly wait?: Millis | undefined
  /** Ends the wait when it aborts: its reason is thrown, and nothing is claimed. */
  readonly signal?: AbortSignal | undefined
  /** What an answer stores that the handler gives to `transact`. By default it is stored as it is, as a success. */
  readonly completionOf?: (answer: unknown) => CommittedAnswer
  /** True once the framework has answered without the handler. Then the lease is no longer renewed. */
  readonly isDropped?: () => boolean
}

/** An answer that is stored by the handler's own transaction. */
export interface CommittedAnswer {
  readonly status: 'SUCCEEDED' | 'FAILED'
  readonly outcome: Outcome
  /** What the caller gets: the entry's own form of the answer. */
  readonly value: unknown
}

/** The part of a Lambda context that says how long this invocation may still run. */
export interface TimedContext {
  getRemainingTimeInMillis?(): number
}

/** On a host that runs on past its deadline, `deadline` is `undefined`. */
export const timesOf = (context: TimedContext | undefined, runtime: Runtime): InvocationTimes => {
  const now = steadyClock(runtime)
  const remaining = context?.getRemainingTimeInMillis?.()
  const expectedEnd =
    remaining === undefined || !Number.isFinite(remaining)
      ? undefined
      : // The record keeps whole milliseconds, and some emulators report fractions.
        later(now(), millis(Math.floor(remaining)))
  return { now, expectedEnd, deadline: runtime.enforcesDeadline() ? expectedEnd : undefined }
}
