import type { Counted } from '../run/counting-proxy.ts'
import type { Sample } from '../run/worker.ts'
import { median, quantile } from './statistics.ts'

/** One subject in one scenario, over all rounds. */
export interface Cell {
  /** For one invocation or message. */
  readonly cpuMicros: number
  /** Divided by the floor's, in the same round; the median over the rounds. */
  readonly cpuRatio: number
  /** For one call. */
  readonly wallP50Millis: number
  readonly wallP99Millis: number
  readonly wallRatio: number
  /** For one invocation or message. */
  readonly requests: number
  readonly writeUnits: number
  readonly readUnits: number
}

/** The samples of one round, by subject. */
export type Round = ReadonlyMap<string, Sample>

export const FLOOR = 'floor'

export const cellOf = (
  rounds: readonly Round[],
  floorRounds: readonly Round[],
  subject: string,
  counted: Counted | undefined,
): Cell | undefined => {
  const samples = rounds.flatMap((round) => round.get(subject) ?? [])
  if (samples.length === 0) return undefined
  const perRound = (of: (sample: Sample) => number): number =>
    median(
      rounds.flatMap((round, index) => {
        const mine = round.get(subject)
        const floor = floorRounds[index]?.get(FLOOR)
        return mine === undefined || floor === undefined ? [] : [of(mine) / of(floor)]
      }),
    )
  const wall = samples.flatMap(({ wallMicros }) => wallMicros)
  return {
    cpuMicros: median(samples.map(cpuPerUnit)),
    cpuRatio: perRound(cpuPerUnit),
    wallP50Millis: quantile(wall, 0.5) / 1_000,
    wallP99Millis: quantile(wall, 0.99) / 1_000,
    wallRatio: perRound(({ wallMicros }) => median(wallMicros)),
    requests: counted?.requests ?? Number.NaN,
    writeUnits: counted?.write ?? Number.NaN,
    readUnits: counted?.read ?? Number.NaN,
  }
}

const cpuPerUnit = ({ cpuMicros, units }: Sample): number => cpuMicros / units
