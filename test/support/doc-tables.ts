import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './doc-blocks.ts'

/** A row of a table, by the heads of its columns. */
export type DocRow = Readonly<Record<string, string>>

const cellsOf = (line: string): readonly string[] =>
  line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim())

/** The rows of the table under a heading of the second level whose first column has this head. */
export const rowsUnder = (document: string, heading: string, firstHead: string): readonly DocRow[] => {
  const text = readFileSync(join(ROOT, document), 'utf8')
  const [, after = ''] = text.split(`\n## ${heading}\n`)
  const [section = ''] = after.split('\n## ')
  const tables = [...section.matchAll(/(?:^\|.*\|$\n?)+/gm)].map(([table]) => table.trimEnd().split('\n').map(cellsOf))
  const [head = [], , ...rows] = tables.find(([columns]) => columns?.[0] === firstHead) ?? []
  return rows.map((cells) => Object.fromEntries(head.map((name, at) => [name, cells[at] ?? ''])))
}
