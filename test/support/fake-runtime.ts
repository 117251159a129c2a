import { type ProbePoint, type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { type EpochMillis, epochMillis, later, type Millis, millis } from '../../lib/core/time.ts'

export interface FakeRuntimeOptions {
  /** What the clock shows; it stands still until it is moved. */
  readonly now?: number
  /** Starts every token, so that those of two hosts differ. */
  readonly name?: string
  readonly enforcesDeadline?: boolean
  /** `'never'`: store calls may take for ever. Default: `'real'`, by the system's timers. */
  readonly deadlines?: 'real' | 'never'
  readonly probe?: (point: ProbePoint) => void
}

/** One host: a clock set by hand, tokens that count, no real pause. */
export interface FakeRuntime extends Runtime {
  set(now: number): void
  advance(span: number): void
  /** Lets every heartbeat beat once. */
  beat(): void
  /** The tokens given out, oldest first. */
  readonly tokens: readonly string[]
  /** The pauses asked for. */
  readonly slept: readonly Millis[]
}

export const fakeRuntime = (options: FakeRuntimeOptions = {}): FakeRuntime => {
  const { name = 'host', enforcesDeadline = true, deadlines = 'real', probe } = options
  const tokens: string[] = []
  const slept: Millis[] = []
  const beats = new Set<() => void>()
  let now: EpochMillis = epochMillis(options.now ?? Date.now())
  return {
    now: () => now,
    set: (to) => {
      now = epochMillis(to)
    },
    advance: (span) => {
      now = later(now, millis(span))
    },
    beat: () => {
      for (const beat of beats) beat()
    },
    tokens,
    slept,
    sleep: async (span) => {
      slept.push(span)
      now = later(now, span)
      await new Promise(setImmediate)
    },
    withDeadline: (span, run) =>
      deadlines === 'never' ? run(new AbortController().signal) : systemRuntime.withDeadline(span, run),
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
