import type { Seen } from '../functions/seen.ts'
import { type Lane, laneOf } from './lane.ts'

/** The newest invocations. */
export interface Timeline {
  /** Takes what was seen of an invocation. */
  readonly watch: (seen: Seen) => void
  /** Oldest first. */
  readonly lanes: () => readonly Lane[]
  /** Calls `changed` for each lane that changes, until the returned function is called. */
  readonly follow: (changed: (lane: Lane) => void) => () => void
}

/** More than the lanes of a click with twenty requests. */
const KEPT_LANES = 60

/** The invocations of one click overlap, or follow each other at once. */
const GAP_MILLIS = 500

interface Invocation {
  readonly group: number
  readonly seen: Seen[]
}

export const createTimeline = (): Timeline => {
  const invocations = new Map<string, Invocation>()
  const followers = new Set<(lane: Lane) => void>()
  let group = 0
  let running = 0
  let lastEnd = 0

  const begin = ({ invocation, at }: Seen): Invocation => {
    if (running === 0 && at - lastEnd > GAP_MILLIS) group += 1
    running += 1
    const begun = { group, seen: [] }
    invocations.set(invocation, begun)
    for (const id of [...invocations.keys()].slice(0, -KEPT_LANES)) invocations.delete(id)
    return begun
  }

  const watch = (seen: Seen): void => {
    const invocation = seen.type === 'began' ? begin(seen) : invocations.get(seen.invocation)
    if (seen.type === 'ended') {
      running -= 1
      lastEnd = seen.at
    }
    if (invocation === undefined) return
    invocation.seen.push(seen)
    if (followers.size === 0) return
    const lane = laneOf(invocation.group, invocation.seen)
    for (const changed of followers) changed(lane)
  }

  return {
    watch,
    lanes: () => [...invocations.values()].map(({ group: of, seen }) => laneOf(of, seen)),
    follow: (changed) => {
      followers.add(changed)
      return () => followers.delete(changed)
    },
  }
}
