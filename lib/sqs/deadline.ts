import type { TimedContext } from '../core/lifecycle/request.ts'
import type { Millis } from '../core/time.ts'

export interface Deadline {
  /** Whether a message may still be started. */
  readonly hasTime: () => boolean
  /** Milliseconds left of the invocation; without bound where nobody says. */
  readonly left: () => number
}

/** A function with a short timeout has to start something too, and one with a long one need not stop early. */
const SHARE = 1 / 3
const LEAST_MARGIN = 500
const MOST_MARGIN = 5_000

/** Asks the host itself each time: also a host that runs on past its deadline has given the batch back by then. */
export const deadlineOfBatch = (context: TimedContext | undefined, margin: Millis | undefined): Deadline => {
  const left = (): number => context?.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY
  const least = margin ?? Math.min(MOST_MARGIN, Math.max(LEAST_MARGIN, left() * SHARE))
  return { hasTime: () => left() > least, left }
}
