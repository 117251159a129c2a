import type { TimedContext } from '../core/lifecycle/request.ts'
import { OptionError, shown } from '../core/option-rules.ts'
import { type Runtime, steadyClock } from '../core/runtime.ts'
import { between, type Millis } from '../core/time.ts'

export interface Deadline {
  /** Whether a message may still be started. */
  readonly hasTime: () => boolean
  /** Milliseconds left of the invocation; without bound where nobody says. */
  readonly left: () => number
}

/** Throws `OptionError` where the margin lets no message start. */
export type DeadlineOf = (context: TimedContext | undefined) => Deadline

/** A function with a short timeout has to start something too, and one with a long one need not stop early. */
const SHARE = 1 / 3
const LEAST_MARGIN = 500
const MOST_MARGIN = 5_000

/**
 * Asks the host itself each time: also a host that runs on past its deadline has given the batch back by then. The host
 * counts with its own clock, so a step back of that clock is no time that is left.
 */
export const createDeadlineOf = (where: string, margin: Millis | undefined, runtime: Runtime): DeadlineOf => {
  const readTime = createTimeReader()
  return (context) => {
    const now = steadyClock(runtime)
    const left = (): number => readTime(context) - between(runtime.now(), now())
    const began = left()
    const least = margin ?? Math.min(MOST_MARGIN, Math.max(LEAST_MARGIN, began * SHARE))
    if (began <= least) throw nothingStarts(where, least, margin === undefined, began)
    return { hasTime: () => left() > least, left }
  }
}

/** Returning every message of every batch, without a word, would empty the queue into its dead-letter queue. */
const nothingStarts = (where: string, least: number, isDefault: boolean, began: number): OptionError => {
  const margin = `${least / 1000}${isDefault ? ' by default' : ''}`
  const rule = `is ${margin}; it must be less than the ${began / 1000} s with which the invocation began`
  return new OptionError(where, 'marginSeconds', rule)
}

/** Compared with `NaN`, no margin is small enough: no message would start, and no line in the log would say why. */
const createTimeReader = (): ((context: TimedContext | undefined) => number) => {
  let isReported = false
  return (context) => {
    const remaining: unknown = context?.getRemainingTimeInMillis?.()
    if (typeof remaining === 'number' && !Number.isNaN(remaining)) return remaining
    if (remaining !== undefined && !isReported) {
      isReported = true
      console.error(
        `lambda-once: getRemainingTimeInMillis() answered ${shown(remaining)}; it must be a number of milliseconds. ` +
          'Messages run as if their time had no bound.',
      )
    }
    return Number.POSITIVE_INFINITY
  }
}
