import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hasColours } from '../../lib/cli/io.ts'
import { ROOT } from '../support/doc-blocks.ts'
import { command } from './command.ts'

test('--help names every command and every exit status, and exits with 0', async () => {
  const { status, out } = await command(['--help'])
  expect(status).toBe(0)
  for (const text of ['inspect', 'settle', 'override', 'Exit status:']) expect(out).toContain(text)
})

test.each(['inspect', 'list', 'settle', 'release', 'extend'])('the help of %s has an example', async (name) => {
  const { status, out } = await command([name, '--help'])
  expect(status).toBe(0)
  expect(out).toMatch(new RegExp(`Examples?:\\n {2}lambda-once ${name} `))
})

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  expect(await command(['--version'])).toMatchObject({ status: 0, out: version })
})

test.each([
  ['no command', [], 'Usage: lambda-once'],
  ['a mistyped command', ['inspct'], 'Did you mean inspect?'],
  ['a mistyped flag', ['list', '--tabel', 'records'], 'Did you mean --table?'],
  ['a surplus argument', ['list', 'records'], 'too many arguments'],
  ['a value that is no choice', ['list', '--state', 'old'], 'Allowed choices are abandoned, live'],
  ['a number out of its bounds', ['list', '--limit', '0'], 'It must be an integer from 1 to 10000.'],
  ['a missing table', ['list'], 'name the table: --table NAME'],
  ['an act of override that does not exist', ['override', 'accept'], "unknown command 'accept'"],
])('%s is wrong usage: exit status 2, and only messages', async (_, argv, message) => {
  const { IDEMPOTENCY_TABLE, ...others } = process.env
  process.env = others
  const { status, out, err } = await command(argv)
  process.env = { ...others, ...(IDEMPOTENCY_TABLE === undefined ? {} : { IDEMPOTENCY_TABLE }) }
  expect({ status, out }).toEqual({ status: 2, out: '' })
  expect(err).toContain(message)
})

test.each([
  [true, {}, true],
  [true, { NO_COLOR: '' }, true],
  [true, { NO_COLOR: '1' }, false],
  [false, {}, false],
])('a terminal: %p, the environment %p: colours: %p', (isTerminal, environment, colours) => {
  expect(hasColours(isTerminal, environment as NodeJS.ProcessEnv)).toBe(colours)
})

describe('the program itself', () => {
  const program = (...argv: readonly string[]) =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', join(ROOT, 'lib/cli/main.ts'), ...argv], { cwd: ROOT })

  test('ends as usual if its reader stops reading, as head does', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'lib/cli/main.ts'), 'demo'], { cwd: ROOT })
    child.stdout.destroy()
    let said = ''
    child.stderr.on('data', (bytes) => {
      said += bytes
    })
    expect(await once(child, 'close')).toEqual([0, null])
    expect(said).toBe('')
  })

  test('prints to standard output, without colours where there is no terminal', async () => {
    const { stdout, stderr } = await program('--help')
    expect(stdout).toContain('Usage: lambda-once')
    expect(stdout + stderr).not.toContain('\u001b[')
  })

  test('refuses a write that no person can confirm', async () => {
    const write = program('release', '--table', 'records', '--record', 'payments#x', '--reason', 'because')
    await expect(write).rejects.toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('give --yes') })
  })
})
