import type { History } from './history.ts'
import { type Violation, violationsOf } from './invariants/index.ts'
import { createSchedule, type Schedule } from './schedule.ts'
import { createTally, type Tally } from './tally.ts'
import type { Log, Over } from './world.ts'

export interface Found {
  readonly seed: number
  readonly violations: readonly Violation[]
}

export interface Report {
  readonly over: Over
  schedules: number
  /** Executions of a handler. */
  runs: number
  readonly found: Found[]
  readonly tally: Tally
}

/** No schedule needs a tenth of this. One that reaches it would never end. */
const MAX_STEPS = 20_000

/**
 * Promises drain between two immediates. A turn of the event loop costs more than most steps, so this many schedules
 * share one.
 */
const TURNS_A_LOOP = 512

interface Playing {
  readonly seed: number
  readonly schedule: Schedule
  steps: number
}

export const emptyReport = (over: Over = 'memory'): Report => ({
  over,
  schedules: 0,
  runs: 0,
  found: [],
  tally: createTally(),
})

/** Plays the schedules of the seeds one after the other, and checks every invariant after each. */
export const simulate = (seeds: Iterator<number>, report: Report): Promise<Report> =>
  new Promise((resolve, reject) => {
    let playing = nextOf(seeds, report)
    let turns = 0
    const turn = (): void => {
      turns--
      if (playing === undefined) return
      try {
        if (!goesOn(playing, report)) playing = nextOf(seeds, report)
        if (playing === undefined) resolve(report)
        else if (turns === 0) queueTurns()
      } catch (error) {
        playing = undefined
        reject(error)
      }
    }
    const queueTurns = (): void => {
      for (; turns < TURNS_A_LOOP; turns++) setImmediate(turn)
    }
    queueTurns()
  })

const nextOf = (seeds: Iterator<number>, { over, tally }: Report): Playing | undefined => {
  const { done, value: seed } = seeds.next()
  return done === true ? undefined : { seed, schedule: createSchedule({ seed, over, tally }), steps: 0 }
}

const goesOn = (one: Playing, report: Report): boolean => {
  if (one.schedule.step() && ++one.steps < MAX_STEPS) return true
  enter(one, report)
  return false
}

const enter = ({ seed, schedule, steps }: Playing, report: Report): void => {
  const history = schedule.history()
  const violations = checked(history, steps)
  report.schedules++
  report.runs += history.runs.length
  if (violations.length > 0) report.found.push({ seed, violations })
}

const checked = (history: History, steps: number): readonly Violation[] =>
  steps < MAX_STEPS
    ? violationsOf(history)
    : [{ name: 'H8', what: 'the schedule never ends' }, ...violationsOf(history)]

/** Plays one seed again and logs every step. */
export const replay = async (seed: number, log: Log, over: Over = 'memory'): Promise<readonly Violation[]> => {
  const schedule = createSchedule({ seed, over, tally: createTally(), log })
  let steps = 0
  while (schedule.step() && ++steps < MAX_STEPS) await new Promise(setImmediate)
  return checked(schedule.history(), steps)
}

/** Generates `count` seeds, starting at `first`. */
export function* seedsFrom(first: number, count: number): Generator<number> {
  for (let seed = first; seed < first + count; seed++) yield seed
}
