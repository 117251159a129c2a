import { match } from 'node:assert/strict'
import { join } from 'node:path'
import { blocksOf } from '../support/doc-blocks.ts'
import { type Check, node } from './check.ts'
import { ROOT, type Workplace } from './install.ts'

/** A test runner as users set it up: its command line and its configuration. */
interface TestRunner {
  readonly name: string
  readonly args: readonly string[]
  readonly files: Readonly<Record<string, unknown>>
}

const JEST = join(ROOT, 'node_modules/jest/bin/jest.js')

/** Returns the code block of docs/testing.md that begins with the file's name. */
const documented = (file: string): string => {
  const block = blocksOf('docs/testing.md').find(({ text }) => text.startsWith(`// ${file}\n`))
  if (block === undefined) throw new Error(`docs/testing.md has no block that begins with "// ${file}"`)
  return block.text
}

const testRunners = (): readonly TestRunner[] => [
  {
    name: 'jest-commonjs',
    args: [JEST],
    files: { 'package.json': {}, 'jest.config.js': documented('jest.config.js') },
  },
  {
    name: 'jest-esm',
    args: ['--experimental-vm-modules', JEST],
    files: {
      'package.json': { type: 'module' },
      'jest.config.js': `export default { transform: { '^.+\\\\.ts$': '@swc/jest' }, extensionsToTreatAsEsm: ['.ts'] }`,
    },
  },
  {
    name: 'vitest',
    args: [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--globals'],
    files: { 'package.json': { type: 'module' } },
  },
]

/** The tests of a user's project run in each test runner. */
export const testRunnerChecks = (workplace: Workplace): readonly Check[] =>
  testRunners().map(({ name, args, files }) => ({
    name: `tests: ${name}`,
    run: async () => {
      const project = workplace.project(name, ['tests'], files)
      const { stdout, stderr } = await node(args, { cwd: project, env: { NO_COLOR: '1' } })
      match(stdout + stderr, / 7 passed/)
    },
  }))
