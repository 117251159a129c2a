import { checkOptions } from '../core/option-rules.ts'
import { type Runtime, systemRuntime } from '../core/runtime.ts'
import { type EpochMillis, epochMillis, later, type Millis, millis } from '../core/time.ts'

export interface TestRuntimeOptions {
  /**
   * The time at which the clock starts, in epoch milliseconds.
   *
   * @default the system's time, rounded down to a whole second
   */
  readonly now?: EpochMillis | undefined
}

/** A clock that only the test and the layer's pauses move. */
export interface TestClock {
  now(): EpochMillis
  /**
   * Moves the clock forward by 0 to 3,153,600,000 seconds (a hundred years), fractions included. Throws `RangeError` for
   * other values. First, handlers that have been called run as far as they can without real I/O. On the way, each
   * heartbeat beats at its time, and the clock waits for the store's answer. So `await` it.
   */
  advance(seconds: number): Promise<void>
}

/** A {@link Runtime} whose time passes only when a test moves its clock. */
export interface TestRuntime extends Runtime {
  readonly clock: TestClock
}

/** A function that is called at an interval. */
interface Repeated {
  readonly every: Millis
  readonly run: () => void
  dueAt: EpochMillis
}

/**
 * A runtime for tests. Pass it to a handler as the option `runtime`, and its `now` to `memoryStore({ now })`, so that both
 * use one clock.
 *
 * A pause of the layer (between two attempts, or while it waits for another invocation's outcome) takes no real time, and
 * moves the clock by its length. The time limit for a store's answer is real time: the layer gives up on a store that hangs,
 * as in production. The runtime enforces deadlines, as Lambda does, so a context's remaining time is the lease. It has no
 * `monotonic`: the layer measures durations with the same clock.
 *
 * Throws `OptionError` for an option that cannot be right.
 *
 * @example
 * const runtime = testRuntime()
 * const pay = once({ store: memoryStore({ now: runtime.now }), operation: 'payments', runtime })
 */
export const testRuntime = (options: TestRuntimeOptions = {}): TestRuntime => {
  checkOptions('testRuntime(options)', options, {
    now: { rule: (value) => (Number.isSafeInteger(value) ? undefined : 'must be whole epoch milliseconds') },
  })
  let now = options.now ?? wholeSecond(systemRuntime.now())
  const repeated = new Set<Repeated>()
  /** The store calls that the current beat has started. */
  let begun: Promise<unknown>[] | undefined

  const beat = async (due: Repeated): Promise<void> => {
    const calls: Promise<unknown>[] = []
    due.dueAt = later(due.dueAt, due.every)
    begun = calls
    try {
      due.run()
    } finally {
      begun = undefined
    }
    await Promise.allSettled(calls)
    await macrotask() // lets the code after the answer run
  }

  /** Takes a point in time, not a duration: two pauses at the same time move the clock once. */
  const moveTo = async (at: EpochMillis): Promise<void> => {
    for (let due = nextOf(repeated, at); due !== undefined; due = nextOf(repeated, at)) {
      if (due.dueAt > now) now = due.dueAt
      await beat(due)
    }
    if (at > now) now = at
  }

  return {
    clock: {
      now: () => now,
      advance: async (seconds) => {
        if (!(typeof seconds === 'number' && seconds >= 0 && seconds <= MOST_SECONDS))
          throw new RangeError(`A clock advances by 0 to ${MOST_SECONDS} seconds, not by ${seconds}`)
        const end = later(now, millis(Math.round(seconds * 1_000)))
        await macrotask() // calls that were made before start before
        await moveTo(end)
      },
    },
    now: () => now,
    sleep: async (span, until) => {
      const end = later(now, span)
      await macrotask() // other work runs during the pause
      if (until?.aborted !== true) await moveTo(end)
    },
    withDeadline: (span, run) => {
      const call = systemRuntime.withDeadline(span, run)
      begun?.push(call)
      return call
    },
    repeat: (every, run) => {
      const added: Repeated = { every, run, dueAt: later(now, every) }
      repeated.add(added)
      return () => repeated.delete(added)
    },
    randomToken: systemRuntime.randomToken,
    random: () => 0.5,
    enforcesDeadline: () => true,
  }
}

/** A hundred years. A larger number is probably in another unit. */
const MOST_SECONDS = 3_153_600_000

const wholeSecond = (at: EpochMillis): EpochMillis => epochMillis(Math.floor(at / 1_000) * 1_000)

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The first that is due, of those that are due by this time. */
const nextOf = (repeated: ReadonlySet<Repeated>, by: EpochMillis): Repeated | undefined => {
  let first: Repeated | undefined
  for (const one of repeated) {
    if (one.dueAt <= by && (first === undefined || one.dueAt < first.dueAt)) first = one
  }
  return first
}
