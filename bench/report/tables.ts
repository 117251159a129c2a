import { SCENARIOS } from '../run/scenarios.ts'
import { type Cell, FLOOR } from './results.ts'
import { barChart } from './svg.ts'
import { markdownTable } from './table.ts'

export interface Results {
  readonly subjects: readonly string[]
  /** By scenario, then by subject. */
  readonly cells: ReadonlyMap<string, ReadonlyMap<string, Cell>>
}

const LABELS: Readonly<Record<string, string>> = {
  bare: 'bare',
  floor: 'floor',
  powertools: 'Powertools',
  'ours-same-client': 'ours, same client',
  'ours-own-client': 'ours, own client',
  'ours-lean': 'ours, lean',
}

const labelOf = (scenario: string): string => SCENARIOS[scenario]?.label ?? scenario

export const benchTables = (results: Results): string =>
  [
    'CPU of the client for each invocation or message, times the floor (in brackets: the floor, in microseconds):',
    table(results, (cell, subject) =>
      subject === FLOOR ? `${ratio(cell.cpuRatio)} (${Math.round(cell.cpuMicros)})` : ratio(cell.cpuRatio),
    ),
    'Wall time of a call, median, times the floor (in brackets: p50 and p99 in milliseconds):',
    table(
      results,
      (cell) => `${ratio(cell.wallRatio)} (${cell.wallP50Millis.toFixed(1)}, ${cell.wallP99Millis.toFixed(1)})`,
    ),
    'Requests, write units and read units for each invocation or message:',
    table(results, (cell) =>
      Number.isNaN(cell.requests) ? '' : `${few(cell.requests)}, ${few(cell.writeUnits)}, ${few(cell.readUnits)}`,
    ),
  ].join('\n\n')

/** A chart of the CPU table. */
export const cpuChart = ({ subjects, cells }: Results): string =>
  barChart(
    'CPU for each invocation or message, times the floor',
    subjects.map((subject) => LABELS[subject] ?? subject),
    [...cells].map(([scenario, row]) => ({
      label: labelOf(scenario),
      values: subjects.map((subject) => row.get(subject)?.cpuRatio),
    })),
    Math.max(
      2,
      ...[...cells.values()]
        .flatMap((row) => [...row.values()].map(({ cpuRatio }) => cpuRatio))
        .filter((value) => value < 4),
    ),
  )

const table = ({ subjects, cells }: Results, show: (cell: Cell, subject: string) => string): string =>
  markdownTable(
    ['', ...subjects.map((subject) => LABELS[subject] ?? subject)],
    [...cells].map(([scenario, row]) => [
      labelOf(scenario),
      ...subjects.map((subject) => {
        const cell = row.get(subject)
        return cell === undefined ? '' : show(cell, subject)
      }),
    ]),
  )

const ratio = (value: number): string => value.toFixed(2)
const few = (value: number): string => String(Math.round(value * 100) / 100)
