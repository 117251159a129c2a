import type { SettledRecord } from '../../lib/core/record/record.ts'
import type { Store } from '../../lib/core/record/store.ts'
import type { Random } from './random.ts'

/** What the processes keep in front of the store. */
export interface Caching {
  /** Of an invocation: it comes to a new process, which has nothing in memory. */
  readonly newProcess: number
  /** The second level, which all processes share; `undefined`: there is none. */
  readonly second: SecondFaults | undefined
}

/** Probability of each misdeed of a call of the second level. */
export interface SecondFaults {
  /** It has lost the entry. */
  readonly evicts: number
  /** It begins to fail: for some time it refuses each call, or does not answer. */
  readonly down: number
  /** Its answer takes up to three times as long as it is waited for. */
  readonly slow: number
  /** It answers what it was once given, or any earlier state of the record, whatever its status. */
  readonly stale: number
  /** It answers the record of another key or of another payload. */
  readonly foreign: number
  /** It keeps what it is given much later, also after a call to forget. */
  readonly lateSet: number
  /** It does not forget. */
  readonly keepsOn: number
}

/** @param hasOverrides what a process has kept matters most if persons change the record */
export const drawCaching = (random: Random, hasOverrides: boolean): Caching | undefined => {
  if (!random.chance(hasOverrides ? 0.4 : 0.04)) return undefined
  const maybe = (...sizes: readonly number[]): number => (random.chance(0.5) ? random.pick(sizes) : 0)
  return {
    newProcess: random.pick([0, 0.3, 0.8]),
    second: random.chance(0.25)
      ? undefined
      : {
          evicts: maybe(0.2, 0.6),
          down: maybe(0.05, 0.2),
          slow: maybe(0.1, 0.4),
          stale: maybe(0.3, 0.7),
          foreign: maybe(0.1, 0.4),
          lateSet: maybe(0.2, 0.6),
          keepsOn: maybe(0.3, 1),
        },
  }
}

/** The memory of a process, which all invocations on its host share. */
export interface CachedProcess {
  readonly store: Store
  /** The store that each call goes on to, by its signal: each invocation has its own client. */
  readonly routes: WeakMap<AbortSignal, Store>
}

/** What all processes share behind their memories. It keeps entries beyond their end, because no promise depends on it. */
export interface SharedEntries {
  current: SettledRecord | undefined
  /** All that it was ever given. */
  readonly all: SettledRecord[]
  downUntil: number
  /** Whether it refuses calls while it is down. Otherwise it does not answer. */
  refuses: boolean
}

export interface Caches {
  /** By the number of their host. */
  readonly processes: Map<number, CachedProcess>
  readonly shared: SharedEntries
}

export const noCaches = (): Caches => ({
  processes: new Map(),
  shared: { current: undefined, all: [], downUntil: 0, refuses: false },
})
