import type { Answer } from '../answer.ts'
import type { TableFlags } from '../flags.ts'
import { type Io, type Paint, paintOf } from '../io.ts'
import { tabular } from '../labelled.ts'
import { clientFor, openTable, tableNameFrom } from '../table/open-table.ts'
import { CHECKS, type Verdict } from './checks.ts'
import { readFacts } from './facts.ts'

const HUES: Readonly<Record<Verdict, keyof Paint>> = { ok: 'good', warn: 'warn', bad: 'bad', unknown: 'dim' }

export const doctor = async (flags: TableFlags, io: Io): Promise<Answer> => {
  const tableName = tableNameFrom(flags)
  const facts = await readFacts(clientFor(flags), openTable(flags, io), tableName, io)
  const findings = CHECKS.map(({ judge, ...check }) => ({ ...check, ...judge(facts) }))
  const paint = paintOf(io)
  const failed = findings.filter(({ verdict }) => verdict === 'warn' || verdict === 'bad')
  return {
    status: findings.some(({ verdict }) => verdict === 'bad') ? 1 : 0,
    json: { table: tableName, findings },
    lines: [
      ...tabular(
        ['CHECK', 'VERDICT', 'FINDING'],
        findings.map(({ id, verdict, finding }) => [id, verdict, finding]),
        paint,
        (text, column, row) => (column === 1 ? paint[HUES[row[1] as Verdict]](text) : text),
      ),
      ...failed.flatMap(({ id, meaning, remedy }) => ['', paint.bold(id), `  ${meaning}`, `  ${remedy}`]),
    ],
  }
}
