import { type ProbePoint, type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { type EpochMillis, epochMillis, later, type Millis, millis } from '../../lib/core/time.ts'

export interface FakeRuntimeOptions {
  /** What the clock shows; it stands still until it is moved. Two hosts may share one. */
  readonly clock?: FakeClock
  /** Starts every token, so that those of two hosts differ. */
  readonly name?: string
  readonly enforcesDeadline?: boolean
  /** `'never'`: store calls may take for ever. Default: `'real'`, by the system's timers. */
  readonly deadlines?: 'real' | 'never'
  readonly probe?: (point: ProbePoint) => void
}

/**
 * A clock set by hand. It starts at a whole second of today, and tests move it by less than 4 minutes: where the store's
 * clock is further from this machine's, the SDK corrects its own and sends every refused request again.
 */
export interface FakeClock {
  now(): EpochMillis
  advance(milliseconds: number): void
  /** Back to today. */
  reset(): void
}

export const fakeClock = (): FakeClock => {
  let now = wholeSecond()
  return {
    now: () => now,
    advance: (milliseconds) => {
      now = later(now, millis(milliseconds))
    },
    reset: () => {
      now = wholeSecond()
    },
  }
}

const wholeSecond = (): EpochMillis => epochMillis(Math.floor(Date.now() / 1_000) * 1_000)

/** One host: tokens that count, pauses that move the clock and take no time, heartbeats that beat when told to. */
export interface FakeRuntime extends Runtime {
  readonly clock: FakeClock
  /** Lets every heartbeat beat once, and waits for the store's answers. */
  beat(): Promise<void>
  /** The tokens given out, oldest first. */
  readonly tokens: readonly string[]
  /** The pauses asked for. */
  readonly slept: readonly Millis[]
}

export const fakeRuntime = (options: FakeRuntimeOptions = {}): FakeRuntime => {
  const { name = 'host', enforcesDeadline = true, deadlines = 'real', probe, clock = fakeClock() } = options
  const tokens: string[] = []
  const slept: Millis[] = []
  const beats = new Set<() => void>()
  const inFlight = new Set<Promise<unknown>>()
  return {
    clock,
    now: clock.now,
    beat: async () => {
      for (const beat of [...beats]) beat()
      await Promise.allSettled(inFlight)
      await new Promise(setImmediate) // what follows the answer has been done too
    },
    tokens,
    slept,
    sleep: async (span) => {
      slept.push(span)
      clock.advance(span)
      await new Promise(setImmediate)
    },
    withDeadline: async (span, run) => {
      const call = deadlines === 'never' ? run(new AbortController().signal) : systemRuntime.withDeadline(span, run)
      inFlight.add(call)
      try {
        return await call
      } finally {
        inFlight.delete(call)
      }
    },
    repeat: (_every, run) => {
      beats.add(run)
      return () => beats.delete(run)
    },
    randomToken: () => {
      const token = `${name}-token-${tokens.length + 1}`
      tokens.push(token)
      return token
    },
    random: () => 0.5,
    enforcesDeadline: () => enforcesDeadline,
    ...(probe === undefined ? {} : { probe }),
  }
}
