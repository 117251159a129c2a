import type { Over } from './world.ts'

/** The parsed command line. */
export type Asked =
  | { readonly kind: 'help' }
  | { readonly kind: 'replay'; readonly over: Over; readonly seed: number }
  | { readonly kind: 'seeds'; readonly over: Over; readonly first: number; readonly count: number }
  | { readonly kind: 'minutes'; readonly over: Over; readonly first: number; readonly minutes: number }

export const HELP = `Plays schedules of the lifecycle on virtual time, with faults, and checks every invariant after each.

  npm run simulate -- [--seeds N | --minutes M] [--first N] [--over STORE]
  npm run simulate -- --seed N [--over STORE]

  --seeds N    play N schedules (default 100000)
  --minutes M  play schedules for M minutes
  --first N    the first seed (default 1)
  --seed N     replay one schedule and print its log
  --over STORE the store below the lifecycle: memory (default), the reference store with a client that sends twice; or
               lean, the DynamoDB store with its client without the SDK, over a simulated table
  --help       print this text

Exit status: 0 if every invariant held, 1 if one was broken, 2 for bad flags.`

export class BadFlagError extends Error {}

const DEFAULT_SEEDS = 100_000

/** Seeds are 32 bits. */
const MAX_SEED = 0xffffffff

export const readFlags = (args: readonly string[]): Asked => {
  if (args.includes('--help')) return { kind: 'help' }
  const given = new Map<string, number>()
  let over: Over | undefined
  for (let index = 0; index < args.length; index += 2) {
    const flag = args[index] as string
    const value = args[index + 1]
    if (!(flag in LIMITS) && flag !== '--over') throw new BadFlagError(`${flag} is not known; --help lists the flags`)
    if (given.has(flag) || (flag === '--over' && over !== undefined)) throw new BadFlagError(`${flag} is given twice`)
    if (flag === '--over') over = readOver(value)
    else given.set(flag, readNumber(flag as keyof typeof LIMITS, value))
  }
  const modes = ['--seed', '--seeds', '--minutes'].filter((flag) => given.has(flag))
  if (modes.length > 1) throw new BadFlagError(`${modes.join(' and ')} exclude each other`)
  return asked(given, over ?? 'memory')
}

const readOver = (text: string | undefined): Over => {
  if (text === 'memory' || text === 'lean') return text
  throw new BadFlagError('--over needs memory or lean')
}

const asked = (given: ReadonlyMap<string, number>, over: Over): Asked => {
  const seed = given.get('--seed')
  const minutes = given.get('--minutes')
  const first = given.get('--first') ?? 1
  if (seed !== undefined && given.has('--first')) throw new BadFlagError('--seed and --first exclude each other')
  if (seed !== undefined) return { kind: 'replay', over, seed }
  if (minutes !== undefined) return { kind: 'minutes', over, first, minutes }
  return { kind: 'seeds', over, first, count: given.get('--seeds') ?? DEFAULT_SEEDS }
}

const LIMITS = {
  '--seed': { least: 0, most: MAX_SEED, whole: true },
  '--first': { least: 0, most: MAX_SEED, whole: true },
  '--seeds': { least: 1, most: MAX_SEED, whole: true },
  '--minutes': { least: 0, most: 1_440, whole: false },
} as const

const readNumber = (flag: keyof typeof LIMITS, text: string | undefined): number => {
  const { least, most, whole } = LIMITS[flag]
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value
  throw new BadFlagError(`${flag} needs ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}`)
}
