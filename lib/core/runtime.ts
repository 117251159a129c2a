import { randomBytes } from 'node:crypto'
import { type EpochMillis, epochMillis, type Millis, millis } from './time.ts'

/** Named places in the lifecycle where a test may stop the world. */
export type ProbePoint =
  | 'before-claim'
  | 'after-claim'
  | 'before-reconcile'
  | 'after-reconcile'
  | 'before-next-generation'
  | 'after-next-generation'
  | 'before-handler'
  | 'after-handler'
  | 'before-checkpoint'
  | 'after-checkpoint'
  | 'before-commit'
  | 'after-commit'
  | 'before-settle'
  | 'after-settle'

/** Clock, timers and randomness. Everything else in the core depends on its arguments only. */
export interface Runtime {
  /** This host's own clock, uncorrected. */
  now(): EpochMillis
  /**
   * Milliseconds since any start, by a clock that is never set. Spans are measured with it, or with `now` if it is
   * absent.
   */
  monotonic?(): Millis
  /** Resolves after the span, or as soon as `until` aborts. Never rejects. */
  sleep(span: Millis, until?: AbortSignal): Promise<void>
  /**
   * Calls `run` with a signal that aborts after the span, and rejects then with {@link DeadlinePassed}. It rejects even
   * if `run` ignores its signal, as the SDK does while it waits for credentials.
   */
  withDeadline<T>(span: Millis, run: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** Calls `run` every span, or a little earlier, until the returned function is called. */
  repeat(every: Millis, run: () => void): () => void
  /** 128 random bits, as text. */
  randomToken(): string
  /** At least 0 and less than 1. For jitter only. */
  random(): number
  /**
   * Whether the host ends an invocation at its deadline and runs one at a time, as Lambda does. False on Lambda managed
   * instances (`AWS_LAMBDA_MAX_CONCURRENCY` is set) and outside Lambda, whatever a context says.
   */
  enforcesDeadline(): boolean
  /** Called at each {@link ProbePoint}; absent in production. */
  readonly probe?: (point: ProbePoint) => void
}

/** A call did not end in its time. Whether it took effect is not known. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed'
}

/** Node.js runs a timer with a longer delay after 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * The host's clock, advanced by the monotonic one. If the host's clock steps back, this one goes on as before. If it
 * steps forward, this one follows: the host may have slept, while its leases ran on.
 */
export const steadyClock = (runtime: Runtime): (() => EpochMillis) => {
  let ahead = Number.NEGATIVE_INFINITY
  const steady = (): EpochMillis => {
    const now = runtime.now()
    const spent = runtime.monotonic?.()
    if (spent === undefined) return now
    ahead = Math.max(ahead, now - spent)
    return epochMillis(Math.max(now, Math.floor(ahead + spent)))
  }
  steady()
  return steady
}

/** The one place that touches the system's clock, timers and randomness. */
export const systemRuntime: Runtime = Object.freeze({
  now: () => epochMillis(Date.now()),
  monotonic: () => millis(performance.now()),

  sleep: (span: Millis, until?: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (until?.aborted) return resolve()
      const done = (): void => {
        clearTimeout(timer)
        until?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, span)
      until?.addEventListener('abort', done)
    }),

  withDeadline: async <T>(span: Millis, run: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const controller = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const passed = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        controller.abort()
        reject(new DeadlinePassed(`No answer within ${span} ms`))
      }, span)
    })
    try {
      return await Promise.race([run(controller.signal), passed])
    } finally {
      clearTimeout(timer)
    }
  },

  repeat: (every: Millis, run: () => void) => {
    const timer = setInterval(run, Math.min(every, LONGEST_TIMER))
    timer.unref() // a heartbeat never keeps a process alive by itself
    return () => clearInterval(timer)
  },

  randomToken: () => randomBytes(16).toString('base64url'),
  random: () => Math.random(),
  enforcesDeadline: () =>
    process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined && process.env.AWS_LAMBDA_MAX_CONCURRENCY === undefined,
})
