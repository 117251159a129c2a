import { CORES, inProcesses, isPart, report as reportTo } from '../processes.ts'
import { useQuietConsole } from '../simulation/quiet-console.ts'
import type { Found } from '../simulation/simulate.ts'
import { allMutants, type Mutant, mutated, PatchFailedError, type Simulation } from './mutant.ts'

const HELP = `Plants each bug of proof/mutants into a copy of the sources, and counts the schedules that find it.

  npm run mutants -- [--seeds N] [name ...]

  --seeds N  play at most N schedules for each bug (default 20000; a fifth of N for bugs in the DynamoDB store), until five
             of them have found it
  name       only these bugs
  --help     print this text

Exit status: 0 if every bug was found, 1 if one was not or its patch no longer applies, 2 for bad flags.`

const DEFAULT_SEEDS = 20_000

/** Most bugs are found soon. The schedules are played in so many parts, until a bug was found so often. */
const PARTS = 20
const ENOUGH = 5

class BadFlagError extends Error {}

interface Asked {
  readonly seeds: number
  readonly mutants: readonly Mutant[]
}

const readFlags = (args: readonly string[]): Asked => {
  const known = allMutants()
  const names: string[] = []
  let seeds = DEFAULT_SEEDS
  for (let index = 0; index < args.length; index++) {
    const word = args[index] as string
    if (word === '--seeds') seeds = readCount(args[++index])
    else if (known.some(({ name }) => name === word)) names.push(word)
    else throw new BadFlagError(`${word} is neither a flag nor a planted bug; --help lists the flags`)
  }
  return { seeds, mutants: names.length === 0 ? known : known.filter(({ name }) => names.includes(name)) }
}

const readCount = (text: string | undefined): number => {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0) return count
  throw new BadFlagError('--seeds needs a whole number above 0')
}

interface Hunt {
  /** Number of schedules that broke an invariant, and of those that were played. */
  readonly found: number
  readonly played: number
  readonly first: number
  readonly invariants: readonly string[]
}

const hunt = async (
  { emptyReport, seedsFrom, simulate }: Simulation,
  over: Mutant['over'],
  seeds: number,
): Promise<Hunt | undefined> => {
  const part = Math.ceil(seeds / PARTS)
  const found: Found[] = []
  let played = 0
  while (played < seeds && found.length < ENOUGH) {
    const count = Math.min(part, seeds - played)
    found.push(...(await simulate(seedsFrom(played + 1, count), emptyReport(over))).found)
    played += count
  }
  if (found.length === 0) return undefined
  const names = new Map<string, number>()
  for (const { violations } of found) for (const { name } of violations) names.set(name, (names.get(name) ?? 0) + 1)
  const invariants = [...names].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`)
  return { found: found.length, played, first: Math.min(...found.map(({ seed }) => seed)), invariants }
}

/** With signing and JSON, a schedule over the DynamoDB store takes ten times as long. */
const seedsFor = ({ over }: Mutant, seeds: number): number => (over === 'memory' ? seeds : Math.ceil(seeds / 5))

/** Prints how often the bug was found. Returns whether it was. */
const report = async (mutant: Mutant, most: number): Promise<boolean> => {
  const seeds = seedsFor(mutant, most)
  try {
    const result = await hunt(await mutated(mutant), mutant.over, seeds)
    console.log(
      result === undefined
        ? `${mutant.name.padEnd(36)} NEVER FOUND in ${seeds} schedules: ${mutant.description}`
        : `${mutant.name.padEnd(36)} ${String(result.found).padStart(6)} of ${result.played}, first seed ${result.first}: ${result.invariants.join(', ')}`,
    )
    return result !== undefined
  } catch (error) {
    if (!(error instanceof PatchFailedError)) throw error
    console.log(`${mutant.name.padEnd(36)} ${error.message}`)
    return false
  }
}

const main = async (): Promise<number> => {
  const args = process.argv.slice(2)
  if (args.includes('--help')) {
    console.log(HELP)
    return 0
  }
  const { seeds, mutants } = readFlags(args)
  const found = isPart || CORES === 1 ? await huntAll(mutants, seeds) : await huntInParts(mutants, seeds)
  if (isPart) reportTo(found)
  else console.log(`mutants found ${found} of ${mutants.length}`)
  return found === mutants.length ? 0 : 1
}

const huntAll = async (mutants: readonly Mutant[], seeds: number): Promise<number> => {
  Error.stackTraceLimit = 0
  useQuietConsole()
  let found = 0
  for (const mutant of mutants) if (await report(mutant, seeds)) found++
  return found
}

/** Each process takes every so manyth bug, so that slow ones, which stand next to each other, are shared. */
const huntInParts = async (mutants: readonly Mutant[], seeds: number): Promise<number> => {
  const parts = Array.from({ length: Math.min(CORES, mutants.length) }, (_, part) =>
    mutants.filter((_, index) => index % CORES === part).map(({ name }) => name),
  )
  const found = await inProcesses<number>(parts.map((names) => ['--seeds', `${seeds}`, ...names]))
  return found.reduce((sum, count) => sum + count, 0)
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof BadFlagError)) throw error
  console.error(`mutants: ${error.message}`)
  process.exitCode = 2
}
