import type { Reconciled } from '../../lib/core/lifecycle/reconciliation.ts'
import type { Answer } from './deed.ts'
import { type Entry, LONGEST_DELAY, REFUSAL_MEMORY } from './downstream.ts'
import type { Run } from './history.ts'
import { happening } from './invocation.ts'
import type { World } from './world.ts'

interface Order {
  readonly run: Run
  readonly number: number
  /** The name that the downstream key is made of. */
  readonly key: string
  readonly downstreamKey: string
  readonly inLease: boolean
  /** Gets the answer of the downstream. */
  readonly hear: (answer: 'executed' | 'declined') => void
}

/** Sends a request. The downstream executes it even if the sender has gone. */
export const order = (world: World, ordered: Order): void => {
  const { isCalm, random, profile, timeline, downstream } = world
  const { downstreamKey } = ordered
  const isLate = !isCalm && random.chance(profile.faults.lateEffect)
  if (!isLate) {
    execute(world, ordered)
    return
  }
  const { underWay } = downstream
  const count = (by: number): unknown => underWay.set(downstreamKey, (underWay.get(downstreamKey) ?? 0) + by)
  count(1)
  timeline.after(random.between(1, random.pick([100, 3_000, LONGEST_DELAY])), () => {
    count(-1)
    if (ordered.run.end !== undefined || ordered.run.died !== undefined)
      world.count('executed after its sender had gone')
    execute(world, ordered)
  })
}

const execute = (world: World, { run, number, hear, ...sent }: Order): void => {
  const { downstream, timeline, random, isCalm, profile } = world
  const { downstreamKey } = sent
  let entry = downstream.entries.get(downstreamKey)
  if (entry === undefined || isForgotten(world, entry)) {
    const kind = !isCalm && random.chance(profile.faults.declined) ? 'declined' : 'executed'
    entry = { kind, at: timeline.now, run: number }
    downstream.entries.set(downstreamKey, entry)
    if (kind === 'executed') {
      downstream.executed.set(downstreamKey, number)
      run.effects++
      world.effects.push({ run, ...sent, ...happening(world) })
    }
  } else world.count('downstream knows the key')
  world.count('downstream', entry.kind)
  world.log?.(() => `  downstream: ${downstreamKey} is ${entry.kind}`)
  hear(entry.kind === 'executed' ? 'executed' : 'declined')
}

const isForgotten = ({ downstream, timeline }: World, { kind, at }: Entry): boolean =>
  timeline.now >= at + (kind === 'executed' ? downstream.memory : REFUSAL_MEMORY)

/** The true answer about a key. The downstream may cancel the key: after that nothing happens under it. */
export const truthAbout = (world: World, key: string): Reconciled => {
  const { downstream, random, timeline } = world
  const entry = downstream.entries.get(key)
  const executedBy = downstream.executed.get(key)
  if (executedBy !== undefined) return { done: { statusCode: 201, run: executedBy } satisfies Answer }
  if (entry !== undefined && !isForgotten(world, entry)) {
    if (entry.kind === 'declined' && random.chance(0.5))
      return { done: { statusCode: 402, run: entry.run } satisfies Answer }
    return { notDone: true }
  }
  // With a short memory the downstream may execute a request under way, and forget it before the next run repeats it.
  const isUnderWay = (downstream.underWay.get(key) ?? 0) > 0
  if (random.chance(0.5) && !(isUnderWay && downstream.memory < REFUSAL_MEMORY)) return { rerun: true }
  downstream.entries.set(key, { kind: 'cancelled', at: timeline.now, run: -1 })
  return { notDone: true }
}
