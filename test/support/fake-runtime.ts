import { randomBytes } from 'node:crypto'
import { type ProbePoint, type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { type EpochMillis, epochMillis, later, type Millis, millis } from '../../lib/core/time.ts'

export interface FakeRuntimeOptions {
  /** The host's clock. Two hosts may share one. */
  readonly clock?: FakeClock
  /** The prefix of every token, so the tokens of two hosts differ. */
  readonly name?: string
  readonly enforcesDeadline?: boolean
  /** `'never'`: store calls have no time limit. Default: `'real'`, the system's timers. */
  readonly deadlines?: 'real' | 'never'
  readonly probe?: (point: ProbePoint) => void
}

/**
 * A clock that only tests and pauses move. It starts at the current time, rounded down to a second. Tests move it by less
 * than 4 minutes: beyond that the SDK corrects its own clock and sends every refused request again.
 */
export interface FakeClock {
  now(): EpochMillis
  advance(milliseconds: number): void
  /** Sets the clock to the current time again. */
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

/** One host. Its tokens are numbered, its pauses move the clock and take no time, its heartbeats beat on command. */
export interface FakeRuntime extends Runtime {
  readonly clock: FakeClock
  /** Makes every heartbeat beat once, and waits for the store's answers. */
  beat(): Promise<void>
  /** All tokens so far, oldest first. */
  readonly tokens: readonly string[]
  /** All pauses so far. */
  readonly slept: readonly Millis[]
}

export const fakeRuntime = (options: FakeRuntimeOptions = {}): FakeRuntime => {
  const { name = 'host', enforcesDeadline = true, deadlines = 'real', probe, clock = fakeClock() } = options
  const tokens: string[] = []
  const slept: Millis[] = []
  /** DynamoDB remembers the token of a transaction for ten minutes, across all test files. */
  const run = randomBytes(4).toString('hex')
  const beats = new Set<() => void>()
  const inFlight = new Set<Promise<unknown>>()
  return {
    clock,
    now: clock.now,
    beat: async () => {
      for (const beat of [...beats]) beat()
      await Promise.allSettled(inFlight)
      await new Promise(setImmediate) // lets the code after the answer run
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
    repeat: (_every, beat) => {
      beats.add(beat)
      return () => beats.delete(beat)
    },
    randomToken: () => {
      const token = `${name}-${run}-${tokens.length + 1}`
      tokens.push(token)
      return token
    },
    random: () => 0.5,
    enforcesDeadline: () => enforcesDeadline,
    ...(probe === undefined ? {} : { probe }),
  }
}
