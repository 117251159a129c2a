import { randomUUID } from 'node:crypto'
import type { Random } from '../simulation/random.ts'
import type { Ask, Deed } from './worker.ts'

/** Clients call these keys repeatedly, until new keys replace them. */
const LIVE_KEYS = 8
const RETIRE_CHANCE = 0.05

/** Clients sometimes call a replaced key: its lease may have lapsed in the meantime. */
const RECENT_KEYS = 20
const RECENT_CHANCE = 0.2

/** A run that outlives its lease gets a new key. Other clients call this key until the run ends. */
const OUTLIVING_CHANCE = 0.03
const CONTESTED_CHANCE = 0.3

const PAYLOAD = 'the payload'
const OTHER_PAYLOAD_CHANCE = 0.03

const LEAST_REMAINING = 1_000
const MOST_REMAINING = 3_000

/** A lease ends one second after the remaining time. */
const KILL_MARGIN = 1_000

export interface Asks {
  next(): Ask
  /** One ask for each key that was used. */
  all(): readonly Ask[]
}

export const openAsks = (random: Random): Asks => {
  const keys: string[] = Array.from({ length: LIVE_KEYS }, () => randomUUID())
  const contested = new Map<string, number>()

  const contestedKey = (): string | undefined => {
    for (const [key, until] of contested) if (until < Date.now()) contested.delete(key)
    return random.chance(CONTESTED_CHANCE) && contested.size > 0 ? random.pick([...contested.keys()]) : undefined
  }

  const nextKey = (): string => {
    if (random.chance(RETIRE_CHANCE)) keys.push(randomUUID())
    const recent = keys.slice(-LIVE_KEYS - RECENT_KEYS, -LIVE_KEYS)
    return random.pick(recent.length > 0 && random.chance(RECENT_CHANCE) ? recent : keys.slice(-LIVE_KEYS))
  }

  const outlivingAsk = (): Ask => {
    const key = randomUUID()
    const ask = { key, payload: PAYLOAD, ...outliving(random) }
    contested.set(key, Date.now() + ask.deed.afterMillis + LEAST_REMAINING)
    keys.unshift(key)
    return ask
  }

  return {
    next: () =>
      random.chance(OUTLIVING_CHANCE)
        ? outlivingAsk()
        : {
            key: contestedKey() ?? nextKey(),
            payload: random.chance(OTHER_PAYLOAD_CHANCE) ? 'another payload' : PAYLOAD,
            ...deedOf(random),
          },
    all: () => keys.map((key) => ({ key, payload: PAYLOAD, ...within(random, { kind: 'return', afterMillis: 0 }) })),
  }
}

const within = (random: Random, deed: Deed): Pick<Ask, 'remaining' | 'deed'> => ({
  remaining: random.between(LEAST_REMAINING, MOST_REMAINING),
  deed,
})

/** A run that outlives its lease: another client may take over while it runs. */
const outliving = (random: Random): Pick<Ask, 'remaining' | 'deed'> => ({
  remaining: LEAST_REMAINING,
  deed: { kind: 'return', afterMillis: LEAST_REMAINING + KILL_MARGIN + random.between(300, 1_500) },
})

const deedOf = (random: Random): Pick<Ask, 'remaining' | 'deed'> => {
  const drawn = random.next()
  if (drawn < 0.08) return within(random, { kind: 'return', afterMillis: random.between(100, 900) })
  if (drawn < 0.18) return within(random, { kind: 'throw', afterMillis: random.between(0, 20) })
  if (drawn < 0.28) return within(random, { kind: 'notDone', afterMillis: random.between(0, 20) })
  return within(random, { kind: 'return', afterMillis: random.between(0, 40) })
}
