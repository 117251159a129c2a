import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { DescribeTimeToLiveCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { startDynamoDbLocal } from '../../local/dynamodb-local.ts'
import { JavaMissingError, javaVersion, requireJava } from '../../local/java.ts'
import { createIdempotencyTable } from '../../local/tables.ts'
import { databaseEndpoint, freshTable, testClient } from '../support/dynamodb.ts'

const PROGRAM = fileURLToPath(new URL('./start-and-die.ts', import.meta.url))

const directory = (): string => mkdtempSync(join(tmpdir(), 'lambda-once-'))

/** Resolves when the endpoint no longer answers. */
const untilSilent = async (endpoint: string): Promise<void> => {
  for (let tries = 0; tries < 200; tries++) {
    try {
      await fetch(endpoint)
      await sleep(20)
    } catch {
      return
    }
  }
  throw new Error(`${endpoint} still answers`)
}

test('The database ends with its parent, even if the parent is killed, and keeps its data over a restart.', async () => {
  const dataDirectory = directory()
  const program = spawn(process.execPath, ['--import', 'tsx', PROGRAM, dataDirectory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [endpoint] = (await once(createInterface(program.stdout), 'line')) as [string]
  program.kill('SIGKILL')
  await untilSilent(endpoint)

  const again = await startDynamoDbLocal({ dataDirectory })
  try {
    const { TableNames } = await testClient({ endpoint: again.endpoint }).send(new ListTablesCommand())
    expect(TableNames).toEqual(['kept'])
  } finally {
    await again.stop()
    rmSync(dataDirectory, { recursive: true })
  }
  await untilSilent(again.endpoint)
}, 60_000)

test('A port in use is refused by a message that names it, before Java starts.', async () => {
  const port = Number(new URL(databaseEndpoint()).port)
  await expect(startDynamoDbLocal({ port })).rejects.toThrow(`Port ${port} is in use`)
})

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['openjdk version "24" 2025-03-18', 24],
  ['java version "1.8.0_392"', 8],
  ['openjdk version "21-ea" 2023-09-19', 21],
  ['The operation couldn’t be completed. Unable to locate a Java Runtime.', undefined],
])('The Java version is parsed from %j.', (text, version) => {
  expect(javaVersion(text)).toBe(version)
})

test.each([
  ['#!/bin/sh\necho \'openjdk version "11.0.2"\' >&2\n', 'version 11'],
  ['#!/bin/sh\necho "Unable to locate a Java Runtime." >&2\nexit 1\n', 'fails'],
  [undefined, 'there is no "java"'],
])('If Java cannot run the database, one line says what was found and what to do (%#).', async (script, found) => {
  const folder = directory()
  const java = join(folder, 'java')
  if (script !== undefined) {
    writeFileSync(java, script)
    chmodSync(java, 0o755)
  }
  const refused = await requireJava(java).catch((error: unknown) => error)
  rmSync(folder, { recursive: true })
  expect(refused).toBeInstanceOf(JavaMissingError)
  const { message } = refused as JavaMissingError
  expect(message).toContain(found)
  expect(message).toContain('install a Java runtime of version 17')
  expect(message).not.toContain('\n')
})

test('The table has TTL, and creating it again does nothing.', async () => {
  const tableName = await freshTable()
  await createIdempotencyTable(testClient(), tableName)
  const { TimeToLiveDescription } = await testClient().send(new DescribeTimeToLiveCommand({ TableName: tableName }))
  expect(TimeToLiveDescription).toEqual({ AttributeName: 'expiresAt', TimeToLiveStatus: 'ENABLED' })
})
