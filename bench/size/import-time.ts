import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from '../report/statistics.ts'
import { bundle } from './bundle.ts'

/** The modules that a function loads at its cold start, including the SDK. */
const SUBJECTS = {
  sdk: `export { DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'`,
  ours: `export { idempotent, idempotency } from './lib/http/index.ts'; export { dynamoDbStore } from './lib/dynamodb/index.ts'`,
  lean: `export { idempotent, idempotency } from './lib/http/index.ts'; export { leanDynamoDbStore } from './lib/dynamodb/lean/index.ts'`,
  powertools: `export { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware'
    export { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb'`,
} as const

export type ImportSubject = keyof typeof SUBJECTS

export interface ImportTime {
  readonly millis: number
  readonly bytes: number
}

/** Starts the clock after Node has started, so that it measures reading, compiling and running the bundle. */
const MEASURE = `const t = process.hrtime.bigint(); require(process.argv[1]); process.stdout.write(String(process.hrtime.bigint() - t))`

/** Medians over new processes. Subjects take turns, so that other load on the machine affects all of them. */
export const importTimes = async (rounds: number): Promise<Readonly<Record<ImportSubject, ImportTime>>> => {
  const directory = mkdtempSync(join(tmpdir(), 'lambda-once-size-'))
  try {
    const names = Object.keys(SUBJECTS) as ImportSubject[]
    const bytes = new Map<ImportSubject, number>()
    const times = new Map<ImportSubject, number[]>()
    for (const name of names) {
      const { code } = await bundle({ source: SUBJECTS[name], sdk: 'included', format: 'cjs' })
      writeFileSync(join(directory, `${name}.cjs`), code)
      bytes.set(name, code.length)
      times.set(name, [])
    }
    for (let round = 0; round < rounds; round++) {
      for (const name of names) times.get(name)?.push(measure(join(directory, `${name}.cjs`)))
    }
    const timeOf = (name: ImportSubject): ImportTime => ({
      millis: median(times.get(name) ?? []),
      bytes: bytes.get(name) ?? 0,
    })
    return { sdk: timeOf('sdk'), ours: timeOf('ours'), lean: timeOf('lean'), powertools: timeOf('powertools') }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const measure = (file: string): number =>
  Number(execFileSync(process.execPath, ['-e', MEASURE, file], { encoding: 'utf8', env: {} })) / 1e6
