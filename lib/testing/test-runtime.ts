import { checkOptions } from '../core/option-rules.ts'
import { type Runtime, systemRuntime } from '../core/runtime.ts'
import { type EpochMillis, epochMillis, later, type Millis, millis } from '../core/time.ts'

export interface TestRuntimeOptions {
  /** What the clock shows at first. Default: the system's time, cut to a whole second. */
  readonly now?: EpochMillis | undefined
}

/** A clock that stands still until it is moved. */
export interface TestClock {
  now(): EpochMillis
  /**
   * Moves the clock forward, by at least 0 seconds; fractions are fine. Handlers that were called before come as far as
   * they can without waiting for the world outside. Heartbeats that fall due on the way beat at their time, one after the
   * other, each with the store's answer. So await it.
   */
  advance(seconds: number): Promise<void>
}

/** A {@link Runtime} whose time passes only when a test says so. */
export interface TestRuntime extends Runtime {
  readonly clock: TestClock
}

/** Something that is called again and again. */
interface Repeated {
  readonly every: Millis
  readonly run: () => void
  dueAt: EpochMillis
}

/**
 * Give it to a handler as the option `runtime`, and its `now` to `memoryStore({ now })`, so that both live by one clock.
 *
 * A pause of the layer (between two tries, or while it waits for another invocation's outcome) takes no time and moves the
 * clock by its length. How long a store may take to answer is real time: a store that hangs is given up as in production.
 * It ends invocations at their deadline, as Lambda does, so a context's remaining time is the lease. Spans are measured
 * with the same clock: it has no `monotonic`.
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
  /** The store calls that the beat which is just running begins. */
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
    await macrotask() // what follows the answer has been done too
  }

  /** To a point in time, not by a span: two who pause at once pause side by side. */
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
        await macrotask() // what was begun before, begins before
        await moveTo(end)
      },
    },
    now: () => now,
    sleep: async (span, until) => {
      const end = later(now, span)
      await macrotask() // others come to their turn, as they would while one pauses
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

/** A hundred years: with a heartbeat even that is a long way, and what is beyond it is surely in another unit. */
const MOST_SECONDS = 3_153_600_000

const wholeSecond = (at: EpochMillis): EpochMillis => epochMillis(Math.floor(at / 1_000) * 1_000)

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Which of them is due first, of those that are due by then. */
const nextOf = (repeated: ReadonlySet<Repeated>, by: EpochMillis): Repeated | undefined => {
  let first: Repeated | undefined
  for (const one of repeated) {
    if (one.dueAt <= by && (first === undefined || one.dueAt < first.dueAt)) first = one
  }
  return first
}
