import { readFileSync } from 'node:fs'
import { SCENARIOS } from '../../proof/compare/scenarios.ts'
import { lambdaOnce, powertools } from '../../proof/compare/subject.ts'

test('the table in docs/comparison.md has these scenarios and these versions', () => {
  const document = readFileSync(new URL('../../docs/comparison.md', import.meta.url), 'utf8')
  const rows = [...document.matchAll(/^\| `([\w-]+)` \| (.*?) \| (.*?) \|/gm)]
  expect(rows.map(([, name, expects]) => ({ name, expects }))).toEqual(
    SCENARIOS.map(({ name, expects }) => ({ name, expects })),
  )
  expect(rows.map(([, , , ours]) => ours)).toEqual(SCENARIOS.map(() => 'holds'))
  expect(document).toContain(`| ${lambdaOnce.name} ${lambdaOnce.version} | ${powertools.name} ${powertools.version} |`)
})
