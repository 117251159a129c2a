import type { Fingerprint } from '../identity/fingerprint.ts'
import type { RecordKey } from '../identity/record-key.ts'
import { type Runtime, steadyClock } from '../runtime.ts'
import { type EpochMillis, later, type Millis, millis } from '../time.ts'

/** How one invocation counts its time. */
export interface InvocationTimes {
  /** This host's clock as the invocation found it. It does not step back with the host's clock. */
  readonly now: () => EpochMillis
  /** When the host ends this invocation; `undefined` if it does not. */
  readonly deadline: EpochMillis | undefined
  /** When the context says that the invocation ends, also on a host that does not enforce it. */
  readonly expectedEnd: EpochMillis | undefined
}

/** A request with its identity derived: from here on nothing is computed from the event again. */
export interface ClaimRequest extends InvocationTimes {
  readonly recordKey: RecordKey
  readonly fingerprint: Fingerprint
  /** A replay is likely: read before writing, since a read is cheaper than a refused write. */
  readonly peekFirst?: boolean
  /** Another run of this key is known of: whatever the store says next, this one does not run without a claim. */
  readonly hasContender?: boolean
  /** How long to wait for another invocation's outcome before the conflict is the answer. */
  readonly wait?: Millis | undefined
  /** True once the framework has answered without the handler. The lease is not renewed after that. */
  readonly isDropped?: () => boolean
}

/** The part of a Lambda context that says how long this invocation may still run. */
export interface TimedContext {
  getRemainingTimeInMillis?(): number
}

/** A host that runs on past its deadline has none. */
export const timesOf = (context: TimedContext | undefined, runtime: Runtime): InvocationTimes => {
  const now = steadyClock(runtime)
  const remaining = context?.getRemainingTimeInMillis?.()
  const expectedEnd =
    remaining === undefined || !Number.isFinite(remaining)
      ? undefined
      : // Whole milliseconds, as the record keeps its times; some emulators count finer.
        later(now(), millis(Math.floor(remaining)))
  return { now, expectedEnd, deadline: runtime.enforcesDeadline() ? expectedEnd : undefined }
}
