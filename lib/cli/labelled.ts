import type { Paint } from './io.ts'

/** Rows of a name and its value. */
export const labelled = (
  rows: readonly (readonly [string, string])[],
  { bold }: Pick<Paint, 'bold'>,
): readonly string[] => {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${bold(name.padEnd(width))}  ${value}`)
}

/** Columns as wide as their widest cell. A cell is padded before it is painted. */
export const tabular = (
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { bold }: Pick<Paint, 'bold'>,
  paintCell: (text: string, column: number, row: readonly string[]) => string = (text) => text,
): readonly string[] => {
  const widths = header.map((name, at) => Math.max(name.length, ...rows.map((row) => (row[at] ?? '').length)))
  const padded = (row: readonly string[]): readonly string[] => row.map((cell, at) => cell.padEnd(widths[at] ?? 0))
  return [
    bold(padded(header).join('  ').trimEnd()),
    ...rows.map((row) =>
      padded(row)
        .map((cell, at) => paintCell(cell, at, row))
        .join('  ')
        .trimEnd(),
    ),
  ]
}
