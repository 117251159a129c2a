import { CORES, inProcesses, isPart, report as reportTo } from '../processes.ts'
import { type Asked, BadFlagError, HELP, readFlags } from './flags.ts'
import { useLightAbortControllers } from './light-abort-controller.ts'
import { useQuietConsole } from './quiet-console.ts'
import { emptyReport, type Report, replay, seedsFrom, simulate } from './simulate.ts'
import type { Over } from './world.ts'

/** How often the progress is printed, in milliseconds. */
const PROGRESS = 5_000

/** So many schedules are worth a process for each core. */
const MANY = 10_000

/** Logs of further violations would not be read. */
const SHOWN = 3

const main = async (): Promise<number> => {
  try {
    useQuietConsole()
    return await answer(readFlags(process.argv.slice(2)))
  } catch (error) {
    if (!(error instanceof BadFlagError)) throw error
    console.error(`simulate: ${error.message}`)
    return 2
  }
}

const answer = async (asked: Asked): Promise<number> => {
  switch (asked.kind) {
    case 'help':
      console.log(HELP)
      return 0
    case 'replay':
      return printReplay(asked.seed, asked.over)
    case 'seeds':
      return asked.count < MANY || CORES === 1 || isPart
        ? play(seedsFrom(asked.first, asked.count), asked.over)
        : playInParts(asked)
    case 'minutes':
      return play(seedsUntil(asked.first, Date.now() + asked.minutes * 60_000), asked.over)
  }
}

function* seedsUntil(first: number, end: number): Generator<number> {
  for (let seed = first; Date.now() < end; seed++) yield seed
}

/** Replays a seed and prints its log. Returns the exit status: 1 if it breaks an invariant. */
const printReplay = async (seed: number, over: Over): Promise<number> => {
  console.log(`seed ${seed}, over ${over}`)
  const violations = await replay(seed, (line) => console.log(line()), over)
  for (const { name, what } of violations) console.log(`VIOLATION of ${name}: ${what}`)
  if (violations.length === 0) console.log('every invariant held')
  return violations.length === 0 ? 0 : 1
}

const play = async (seeds: Iterator<number>, over: Over): Promise<number> => {
  useLightAbortControllers()
  Error.stackTraceLimit = 0 // there are many simulated faults, and their stacks are not used
  const report = emptyReport(over)
  const start = performance.now()
  const timer = setInterval(() => console.error(summary(report, start)), PROGRESS)
  await simulate(seeds, report)
  clearInterval(timer)
  for (const { seed } of report.found.slice(0, SHOWN)) await printReplay(seed, over)
  if (report.found.length > 0) console.log(`seeds: ${report.found.map(({ seed }) => seed).join(' ')}`)
  const { schedules, runs, found } = report
  if (isPart) reportTo({ over, schedules, runs, found } satisfies Played)
  else console.log(summary(report, start))
  return report.found.length === 0 ? 0 : 1
}

type Played = Pick<Report, 'over' | 'schedules' | 'runs' | 'found'>

/** The same schedules as in one process, since a schedule depends on its seed only. */
const playInParts = async ({ over, first, count }: Extract<Asked, { kind: 'seeds' }>): Promise<number> => {
  const start = performance.now()
  const size = Math.ceil(count / CORES)
  const parts = Array.from({ length: CORES }, (_, part) => {
    const from = first + part * size
    return ['--over', over, '--first', `${from}`, '--seeds', `${Math.min(size, first + count - from)}`]
  })
  const played = await inProcesses<Played>(parts)
  const found = played.flatMap((part) => part.found)
  const sum = (of: (part: Played) => number): number => played.reduce((total, part) => total + of(part), 0)
  const whole = { over, found, schedules: sum(({ schedules }) => schedules), runs: sum(({ runs }) => runs) }
  if (found.length > 0) console.log(`seeds: ${found.map(({ seed }) => seed).join(' ')}`)
  console.log(summary(whole, start))
  return found.length === 0 ? 0 : 1
}

const summary = ({ over, schedules, runs, found }: Played, start: number): string => {
  const rate = Math.round(schedules / ((performance.now() - start) / 1000))
  const violations = found.reduce((count, one) => count + one.violations.length, 0)
  return `over ${over}: schedules ${schedules}, runs ${runs}, violations ${violations} (${rate} schedules a second)`
}

process.exitCode = await main()
