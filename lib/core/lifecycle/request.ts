import type { Fingerprint } from '../fingerprint.ts'
import type { RecordKey } from '../record-key.ts'
import type { Runtime } from '../runtime.ts'
import { type EpochMillis, later, type Millis, millis } from '../time.ts'

/** A request with its identity derived: from here on nothing is computed from the event again. */
export interface ClaimRequest {
  readonly recordKey: RecordKey
  readonly fingerprint: Fingerprint
  /** When this invocation ends, by this host's clock; `undefined` where nobody says. */
  readonly deadline: EpochMillis | undefined
  /** A replay is likely: read before writing, since a read is cheaper than a refused write. */
  readonly readFirst?: boolean
  /** Another run of this key is known of: whatever the store says next, this one does not run without a claim. */
  readonly hasContender?: boolean
  /** How long to wait for another invocation's outcome before the conflict is the answer. */
  readonly wait?: Millis | undefined
}

/** The part of a Lambda context that says how long this invocation may still run. */
export interface TimedContext {
  getRemainingTimeInMillis?(): number
}

/** A host that runs on past its deadline, or tells none, has none. */
export const deadlineOf = (context: TimedContext | undefined, runtime: Runtime): EpochMillis | undefined => {
  const remaining = context?.getRemainingTimeInMillis?.()
  if (remaining === undefined || !Number.isFinite(remaining) || !runtime.enforcesDeadline()) return undefined
  // Whole milliseconds, as the record keeps its times; some emulators count finer.
  return later(runtime.now(), millis(Math.floor(remaining)))
}
