import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFlags, StartRefusedError } from '../../local/flags.ts'
import { killRunning, startLocal } from '../support/local-process.ts'

afterEach(killRunning)

test('The defaults are port 3000, a database in memory, and ten seconds for a function.', () => {
  expect(readFlags([])).toEqual({
    kind: 'start',
    port: 3000,
    dataDirectory: undefined,
    functionTimeoutSeconds: 10,
  })
})

test('Each flag accepts its value after a space or an equals sign.', () => {
  const expected = { kind: 'start', port: 4000, dataDirectory: 'kept', functionTimeoutSeconds: 3 }
  expect(readFlags(['--port', '4000', '--data', 'kept', '--function-timeout', '3'])).toEqual(expected)
  expect(readFlags(['--port=4000', '--data=kept', '--function-timeout=3'])).toEqual(expected)
})

test.each([
  [['--prot', '1'], 'Unknown flag --prot: the flags are --port, --data, --function-timeout, --help'],
  [['-p', '1'], 'Unknown flag -p: the flags are --port, --data, --function-timeout, --help'],
  [['4000'], 'Unknown argument 4000: the flags are --port, --data, --function-timeout, --help'],
  [['--port'], '--port has no value: give an integer from 0 to 65535'],
  [['--port='], '--port has no value: give an integer from 0 to 65535'],
  [['--port', 'http'], '--port is "http": give an integer from 0 to 65535'],
  [['--port', '-1'], '--port is "-1": give an integer from 0 to 65535'],
  [['--port', '65536'], '--port is "65536": give an integer from 0 to 65535'],
  [['--port', '1e3'], '--port is "1e3": give an integer from 0 to 65535'],
  [['--function-timeout', '0'], '--function-timeout is "0": give an integer from 1 to 29'],
  [['--function-timeout', '30'], '--function-timeout is "30": give an integer from 1 to 29'],
  [['--function-timeout', '2.5'], '--function-timeout is "2.5": give an integer from 1 to 29'],
  [['--data'], '--data has no value: give a directory'],
  [['--data', '--port'], '--data is "--port": give a directory'],
])('The flags %j are refused in one line that names the mistake and says what to do.', (argv, line) => {
  expect(() => readFlags(argv)).toThrow(new StartRefusedError(line))
})

/** Returns the exit status and the output. */
const refusal = async (flags: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<unknown> => {
  const local = startLocal(flags, { env })
  return { status: await local.ended, stdout: local.stdout(), stderr: local.stderr() }
}

test('A bad value ends the start with status 2 and one line, without a stack trace.', async () => {
  expect(await refusal(['--port', 'http'])).toEqual({
    status: 2,
    stdout: '',
    stderr: 'npm start: --port is "http": give an integer from 0 to 65535\n',
  })
})

test('A port in use ends the start with status 2 and one line that names it.', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const refused = await refusal(['--port', String(port)])
  other.close()
  expect(refused).toEqual({
    status: 2,
    stdout: '',
    stderr: `npm start: Port ${port} is in use: choose another with --port N, or stop what listens there\n`,
  })
})

test('If the data directory is a file, the start ends with status 2 and one line that names it.', async () => {
  expect(await refusal(['--port', '0', '--data', 'package.json'])).toEqual({
    status: 2,
    stdout: '',
    stderr: 'npm start: --data package.json cannot be used (EEXIST): give a directory that you may write to\n',
  })
})

test.each([
  ['missing', undefined, 'there is no "java" on the PATH'],
  ['too old', '#!/bin/sh\necho \'openjdk version "11.0.2"\' >&2\n', 'the "java" on the PATH is version 11'],
])('A Java that is %s ends the start with status 2 and one line that says what to do.', async (_, script, found) => {
  const folder = mkdtempSync(join(tmpdir(), 'lambda-once-'))
  if (script !== undefined) {
    writeFileSync(join(folder, 'java'), script)
    chmodSync(join(folder, 'java'), 0o755)
  }
  const refused = (await refusal(['--port', '0'], { PATH: folder })) as { status: number; stderr: string }
  rmSync(folder, { recursive: true })
  expect(refused.status).toBe(2)
  expect(refused.stderr).toMatch(/^npm start: DynamoDB Local needs Java 17: .*; install a Java runtime .*\n$/)
  expect(refused.stderr).toContain(found)
})

test('--help lists every flag and starts nothing.', async () => {
  const local = startLocal(['--help'])
  expect(await local.ended).toBe(0)
  for (const flag of ['--port', '--data', '--function-timeout', '--help']) expect(local.stdout()).toContain(flag)
  expect(local.stderr()).toBe('')
})
