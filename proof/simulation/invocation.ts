import type { Fingerprint } from '../../lib/core/identity/fingerprint.ts'
import type { Claim } from '../../lib/core/record/claim.ts'
import type { Happening, Run } from './history.ts'
import { describeTime } from './narrative.ts'
import type { Timer } from './timeline.ts'
import type { Host, World } from './world.ts'

/** One invocation of the function. It may call the lifecycle more than once. */
export interface Invocation {
  readonly id: number
  /** An asynchronous retry has the request id of the invocation that it repeats. */
  readonly requestId: string
  readonly host: Host
  readonly fingerprint: Fingerprint
  readonly startedAt: number
  /** The number of the point at which its process dies; 0: never. */
  readonly crashAtPoint: number
  readonly freezeAtPoint: number
  isAlive: boolean
  /** Whether its last answer has left. Its process may still run. */
  hasAnswered: boolean
  /** How many points it has passed. */
  points: number
  /** The last claim that it won. */
  won: Claim | undefined
  /** The end of the lease, as an answer confirmed it. */
  knownLease: number
  /** Until this time its settlements get no answer; `undefined` before its first settlement. */
  settlesFrom: number | undefined
  /** Until this time its commits get no answer; `undefined` before its first commit. */
  commitsFrom: number | undefined
  run: Run | undefined
  /** All runs of its calls. Steps of an earlier one may still be under way. */
  readonly runs: Run[]
  /** Whether the store has reported another claimant's record to it. */
  hasContender: boolean
  /** How often the caller has asked; a call that was given up may still be at work during the next. */
  calls: number
  /** The call that each claim was made in, by its token. */
  readonly callOf: Map<string, number>
  /** The timer that ends it at its deadline. */
  kill: Pause | undefined
  requests: { writes: number; reads: number; checkpoints: number; claimStep: number; inClaimStep: number }
  /** Called if it dies before its last answer. */
  readonly whenDead: () => void
}

export const hostNow = (world: World, { host }: Pick<Invocation, 'host'>): number => world.timeline.now + host.skew

export const happening = (world: World): Happening => ({ order: world.order(), at: world.timeline.now })

export const say = (world: World, invocation: Invocation | undefined, text: () => string): void =>
  world.log?.(() => {
    const who = invocation === undefined ? '' : `invocation ${invocation.id} (host ${invocation.host.id}) `
    return `${describeTime(world.timeline.now, 1_800_000_000_000)}  ${who}${text()}`
  })

/** What runs on a host: an invocation, or the process that several of them share. */
export type OnHost = Pick<Invocation, 'host' | 'isAlive'>

/** A pause that can be cancelled. */
export interface Pause {
  cancel(): void
}

/**
 * Schedules work of this process. It waits while the host is frozen, and is dropped if the process dies.
 */
export const later = (world: World, process: OnHost, span: number, run: () => void, background = false): Pause => {
  const { timeline } = world
  const { host } = process
  const wake = (): void => {
    if (!process.isAlive) return
    if (host.frozenUntil > timeline.now) timer = timeline.at(host.frozenUntil, wake, background)
    else run()
  }
  let timer: Timer = timeline.at(timeline.now + span, wake, background)
  return { cancel: () => timeline.cancel(timer) }
}

/** The invocation passes a point at which its process may die, or its host may freeze. */
export const pass = (world: World, invocation: Invocation): void => {
  if (!invocation.isAlive || invocation.hasAnswered) return
  invocation.points++
  if (invocation.points === invocation.freezeAtPoint) freeze(world, invocation)
  if (invocation.points === invocation.crashAtPoint) {
    world.count('crash')
    die(world, invocation, 'crashes')
  }
}

const freeze = (world: World, invocation: Invocation): void => {
  const { random, timeline } = world
  const span = random.chance(0.5) ? random.between(500, 10_000) : random.between(10_000, 150_000)
  invocation.host.frozenUntil = timeline.now + span
  world.freezes.push({ host: invocation.host.id, from: timeline.now, until: timeline.now + span })
  world.count('freeze')
  say(world, invocation, () => `freezes for ${span} ms`)
}

/** Ends the process. None of its continuations run after this, because nothing they wait for is ever answered. */
export const die = (world: World, invocation: Invocation, how: string): void => {
  if (!invocation.isAlive || invocation.hasAnswered) return
  invocation.isAlive = false
  world.deaths.push({ invocation: invocation.id, ...happening(world) })
  say(world, invocation, () => how)
  for (const run of invocation.runs) run.died = happening(world)
  invocation.whenDead()
}
