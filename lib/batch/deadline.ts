import type { TimedContext } from '../core/lifecycle/request.ts'
import { DEFAULT_MARGIN_SHARE, MAX_DEFAULT_MARGIN_MILLIS, MIN_DEFAULT_MARGIN_MILLIS } from '../core/limits.ts'
import { OptionError, shown } from '../core/option-rules.ts'
import { type Runtime, steadyClock } from '../core/runtime.ts'
import { between, type Millis } from '../core/time.ts'

export interface Deadline {
  /** Whether a message may still be started. */
  readonly hasTime: () => boolean
  /** With so many milliseconds left, or fewer, no message starts. */
  readonly least: number
  /** Milliseconds left of the invocation; infinite if the context does not say. */
  readonly left: () => number
}

/** Throws `OptionError` if the margin leaves no time to start a message. */
export type DeadlineOf = (context: TimedContext | undefined) => Deadline

/**
 * Re-reads the remaining time on each call: even by the deadline of a host that does not enforce it, the event source
 * has given up the batch. The host counts with its own clock, so a step back of that clock adds no time.
 */
export const createDeadlineOf = (where: string, margin: Millis | undefined, runtime: Runtime): DeadlineOf => {
  const readTime = createTimeReader()
  return (context) => {
    const now = steadyClock(runtime)
    const left = (): number => readTime(context) - between(runtime.now(), now())
    const began = left()
    const least =
      margin ?? Math.min(MAX_DEFAULT_MARGIN_MILLIS, Math.max(MIN_DEFAULT_MARGIN_MILLIS, began * DEFAULT_MARGIN_SHARE))
    if (began <= least) throw nothingStarts(where, least, margin === undefined, began)
    return { hasTime: () => left() > least, least, left }
  }
}

/** Without this error every message of every batch would be returned, until its source gives it up. */
const nothingStarts = (where: string, least: number, isDefault: boolean, began: number): OptionError => {
  const margin = `${least / 1000}${isDefault ? ' by default' : ''}`
  const rule = `is ${margin}; it must be less than the ${began / 1000} s with which the invocation began`
  return new OptionError(where, 'marginSeconds', rule)
}

/** Any comparison with `NaN` is false, so no message would start, and no log line would say why. */
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
