import type { Profile } from './profile.ts'

/** What became of the requests under one key. */
export interface Entry {
  readonly kind: 'executed' | 'declined' | 'cancelled'
  readonly at: number
  /** The number of the run, which the answer names. */
  readonly run: number
}

/** A payment provider: it executes a key once while it remembers the key, and answers questions about it. */
export interface Downstream {
  readonly entries: Map<string, Entry>
  /** The run that executed a key, also after the provider has forgotten the key itself. */
  readonly executed: Map<string, number>
  /** Requests under way, by key. */
  readonly underWay: Map<string, number>
  /** How long it remembers an executed key, in milliseconds. */
  readonly memory: number
}

/** The longest that a request to the downstream is under way. */
export const LONGEST_DELAY = 30_000

/** Longer than any run that may still send the key, and shorter than any retention. */
export const REFUSAL_MEMORY = 1_400_000

/** The memory is the user's window and a margin for requests under way and for clocks. */
export const createDownstream = ({ rerunWithinSeconds, clockSpread }: Profile): Downstream => ({
  entries: new Map(),
  executed: new Map(),
  underWay: new Map(),
  memory:
    rerunWithinSeconds === undefined ? REFUSAL_MEMORY : rerunWithinSeconds * 1_000 + LONGEST_DELAY + 2 * clockSpread,
})
