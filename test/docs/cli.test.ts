import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKS } from '../../lib/cli/doctor/checks.ts'
import { command } from '../cli/command.ts'
import { ROOT } from '../support/doc-blocks.ts'

const pageOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

test('docs/cli.md has the help of every command', async () => {
  const page = pageOf('docs/cli.md')
  const sections = [...page.matchAll(/^## lambda-once ?([^\n]*)\n\n```text\n(.*?)\n```$/gms)]
  expect(sections.length).toBeGreaterThan(10)
  for (const [, name = '', text] of sections) {
    const { out } = await command([...name.split(' ').filter(Boolean), '--help'])
    expect([name, text]).toEqual([name, out.trim()])
  }
  const { out } = await command(['--help'])
  const listed = [...out.matchAll(/^ {2}([a-z]+)(?: \[options\])? {2,}\w/gm)].map(([, name]) => name)
  const documented = new Set(sections.map(([, name = '']) => name.split(' ')[0]))
  expect(listed.length).toBeGreaterThan(7)
  expect(listed.filter((name) => !documented.has(name ?? ''))).toEqual([])
})

test('docs/operating.md has the findings of doctor, row for row', () => {
  const [, section = ''] = pageOf('docs/operating.md').split('## The findings of doctor')
  const rows = section
    .split('\n## ', 1)[0]
    ?.split('\n')
    .filter((line) => line.startsWith('|'))
  expect(rows).toEqual([
    '| check | what | how | meaning | remedy |',
    '| --- | --- | --- | --- | --- |',
    ...CHECKS.map(
      ({ id, what, how, meaning, remedy }) => `| \`${id}\` | ${[what, how, meaning, remedy].join(' | ')} |`,
    ),
  ])
})
