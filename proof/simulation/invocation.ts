import type { Fingerprint } from '../../lib/core/identity/fingerprint.ts'
import type { Claim } from '../../lib/core/record/claim.ts'
import type { Happening, Run } from './history.ts'
import { describeTime } from './narrative.ts'
import type { Timer } from './timeline.ts'
import type { Host, World } from './world.ts'

/** One invocation of the function, which may ask more than once. */
export interface Invocation {
  readonly id: number
  /** An asynchronous retry has the one of the invocation that it repeats. */
  readonly requestId: string
  readonly host: Host
  readonly fingerprint: Fingerprint
  readonly startedAt: number
  /** Steps until its process dies; 0: it does not. */
  readonly crashAtStep: number
  readonly freezeAtStep: number
  isAlive: boolean
  /** Its last answer has left; its process may go on. */
  hasAnswered: boolean
  steps: number
  /** The claim that it won last. */
  won: Claim | undefined
  /** The end of lease that an answer has confirmed. */
  knownLease: number
  /** Until then its settlements get no answer; `undefined` before the first of them. */
  settlesFrom: number | undefined
  run: Run | undefined
  /** The store has told it of a record that is not its own. */
  hasContender: boolean
  /** Its end at its deadline. */
  kill: Pause | undefined
  requests: { writes: number; reads: number; claimStep: number; inClaimStep: number }
  /** Told where it dies before its last answer. */
  readonly whenDead: () => void
}

export const hostNow = (world: World, { host }: Pick<Invocation, 'host'>): number => world.timeline.now + host.skew

export const happening = (world: World): Happening => ({ order: world.order(), at: world.timeline.now })

export const say = (world: World, invocation: Invocation | undefined, text: () => string): void =>
  world.log?.(() => {
    const who = invocation === undefined ? '' : `invocation ${invocation.id} (host ${invocation.host.id}) `
    return `${describeTime(world.timeline.now, 1_800_000_000_000)}  ${who}${text()}`
  })

/** A pause that can be called off. */
export interface Pause {
  cancel(): void
}

/** What this invocation's process does later: not if it is dead by then, and not before its host has thawed. */
export const later = (
  world: World,
  invocation: Invocation,
  span: number,
  run: () => void,
  background = false,
): Pause => {
  const { timeline } = world
  const { host } = invocation
  const wake = (): void => {
    if (!invocation.isAlive) return
    if (host.frozenUntil > timeline.now) timer = timeline.at(host.frozenUntil, wake, background)
    else run()
  }
  let timer: Timer = timeline.at(timeline.now + span, wake, background)
  return { cancel: () => timeline.cancel(timer) }
}

/** Counts a step of the invocation, at which its process may die or its host stop. */
export const step = (world: World, invocation: Invocation): void => {
  if (!invocation.isAlive || invocation.hasAnswered) return
  invocation.steps++
  if (invocation.steps === invocation.freezeAtStep) freeze(world, invocation)
  if (invocation.steps === invocation.crashAtStep) {
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

/** From here on none of its continuations runs: whatever they wait for is never answered. */
export const die = (world: World, invocation: Invocation, how: string): void => {
  if (!invocation.isAlive || invocation.hasAnswered) return
  invocation.isAlive = false
  world.deaths.push({ invocation: invocation.id, ...happening(world) })
  say(world, invocation, () => how)
  if (invocation.run !== undefined && invocation.run.end === undefined) invocation.run.died = happening(world)
  invocation.whenDead()
}
