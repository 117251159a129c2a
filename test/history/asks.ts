import { randomUUID } from 'node:crypto'
import type { Random } from '../simulation/random.ts'
import type { Ask, Deed } from './worker.ts'

/** Keys that are called again and again, until new ones take their place. */
const LIVE_KEYS = 8
const RETIRE_CHANCE = 0.06

/** A key that is no longer live is called now and then: its lease may have lapsed meanwhile. */
const RECENT_KEYS = 40
const RECENT_CHANCE = 0.3

const OTHER_PAYLOAD_CHANCE = 0.04

const LEAST_REMAINING = 1_000
const MOST_REMAINING = 3_000

/** A lease ends a second after the remaining time. */
const KILL_MARGIN = 1_000

export interface Asks {
  next(): Ask
  /** An ask for each key that there was. */
  all(): readonly Ask[]
}

export const openAsks = (random: Random): Asks => {
  const keys = Array.from({ length: LIVE_KEYS }, randomUUID) as string[]

  const nextKey = (): string => {
    if (random.chance(RETIRE_CHANCE)) keys.push(randomUUID())
    const live = keys.slice(-LIVE_KEYS)
    const recent = keys.slice(-LIVE_KEYS - RECENT_KEYS, -LIVE_KEYS)
    return random.pick(recent.length > 0 && random.chance(RECENT_CHANCE) ? recent : live)
  }

  return {
    next: () => ({
      key: nextKey(),
      payload: random.chance(OTHER_PAYLOAD_CHANCE) ? 'another payload' : 'the payload',
      ...deedOf(random),
    }),
    all: () =>
      keys.map((key) => ({ key, payload: 'the payload', ...within(random, { kind: 'return', afterMillis: 0 }) })),
  }
}

const within = (random: Random, deed: Deed): Pick<Ask, 'remaining' | 'deed'> => ({
  remaining: random.between(LEAST_REMAINING, MOST_REMAINING),
  deed,
})

/** Outlives its lease: another may take over while it runs, and it ends after that. */
const outliving = (random: Random): Pick<Ask, 'remaining' | 'deed'> => ({
  remaining: LEAST_REMAINING,
  deed: { kind: 'return', afterMillis: LEAST_REMAINING + KILL_MARGIN + random.between(0, 1_500) },
})

const deedOf = (random: Random): Pick<Ask, 'remaining' | 'deed'> => {
  const drawn = random.next()
  if (drawn < 0.06) return outliving(random)
  if (drawn < 0.14) return within(random, { kind: 'return', afterMillis: random.between(100, 900) })
  if (drawn < 0.24) return within(random, { kind: 'throw', afterMillis: random.between(0, 20) })
  if (drawn < 0.34) return within(random, { kind: 'notDone', afterMillis: random.between(0, 20) })
  return within(random, { kind: 'return', afterMillis: random.between(0, 40) })
}
