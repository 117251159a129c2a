/** `npm run bench`: the cost of an invocation, compared with the two raw calls that it needs and with Powertools. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { startDynamoDbLocal } from '../local/dynamodb-local.ts'
import { createIdempotencyTable } from '../local/tables.ts'
import { writeSection } from './report/document.ts'
import { type Cell, cellOf, type Round } from './report/results.ts'
import { benchTables, cpuChart, type Results } from './report/tables.ts'
import { type Counted, countingProxy } from './run/counting-proxy.ts'
import { SCENARIOS } from './run/scenarios.ts'
import { bundleSubject, type SubjectProcess, startSubject } from './run/subject-process.ts'
import type { Sample } from './run/worker.ts'
import { CREDENTIALS, REGION } from './subjects/subject.ts'

const SUBJECTS = ['bare', 'floor', 'powertools', 'ours-same-client', 'ours-own-client', 'ours-lean'] as const

const QUICK: readonly string[] = ['first', 'replay', 'cachedReplay', 'conflict', 'duplicates', 'batch10']

const HELP = `npm run bench -- [flags]

Subjects, each in a separate process, in turn, against one DynamoDB Local:
  bare               the handlers without idempotency
  floor              the handlers with the two raw AWS SDK calls that a claim and a completion need
  powertools         the middleware of @aws-lambda-powertools/idempotency
  ours-same-client   this layer, on the SDK client that the floor uses
  ours-own-client    this layer, on its own SDK client
  ours-lean          this layer, with the client without the SDK

Scenarios: ${Object.keys(SCENARIOS).join(', ')}

  --quick            2 rounds of 25, without large answers and large batches; takes less than a minute
  --rounds N         measured rounds (default 5), after one warm-up round
  --units N          invocations or messages in each round (default 1000)
  --only A,B         only these scenarios; 'cachedReplay' also needs 'replay'
  --subjects A,B     only these subjects; 'floor' is always included
  --out DIR          directory for bench.json, bench.md and bench.svg (default node_modules/.cache/lambda-once-bench)
  --write            also update the tables, performance.json and performance.svg in docs/
  --help             print this text

CPU is the user and system time of the subject's process, without the database. Absolute times depend on the machine:
compare the ratios. A ratio is a subject's figure divided by the floor's in the same round; the tables show the median
over the rounds.
`

interface Plan {
  readonly rounds: number
  readonly units: number
  readonly scenarios: readonly string[]
  readonly subjects: readonly string[]
  readonly out: string
  readonly write: boolean
}

const refuse = (message: string): never => {
  process.stderr.write(`npm run bench: ${message}\n`)
  process.exit(2)
}

const count = (flag: string, value: string | undefined, otherwise: number): number => {
  if (value === undefined) return otherwise
  const number = Number(value)
  return Number.isInteger(number) && number > 0 ? number : refuse(`--${flag} must be a positive integer`)
}

const chosen = (flag: string, value: string | undefined, known: readonly string[]): readonly string[] => {
  const names = value?.split(',') ?? known
  const unknown = names.find((name) => !known.includes(name))
  return unknown === undefined
    ? names
    : refuse(`--${flag}: ${unknown} is unknown; it must be one of ${known.join(', ')}`)
}

const readPlan = (): Plan | undefined => {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      units: { type: 'string' },
      only: { type: 'string' },
      subjects: { type: 'string' },
      out: { type: 'string' },
      write: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return undefined
  const all = Object.keys(SCENARIOS).filter((name) => !values.quick || QUICK.includes(name))
  const subjects = chosen('subjects', values.subjects, SUBJECTS)
  return {
    rounds: count('rounds', values.rounds, values.quick ? 2 : 5),
    units: count('units', values.units, values.quick ? 25 : 1_000),
    scenarios: values.only === undefined ? all : chosen('only', values.only, Object.keys(SCENARIOS)),
    subjects: SUBJECTS.filter((name) => name === 'floor' || subjects.includes(name)),
    out: values.out ?? 'node_modules/.cache/lambda-once-bench',
    write: values.write ?? false,
  }
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

type Processes = ReadonlyMap<string, SubjectProcess>

/** Subjects take turns within a round, so that other load on the machine affects all of them. */
const runRounds = async (plan: Plan, processes: Processes): Promise<ReadonlyMap<string, readonly Round[]>> => {
  const rounds = new Map<string, Round[]>(plan.scenarios.map((scenario) => [scenario, []]))
  for (let round = 0; round <= plan.rounds; round++) {
    for (const scenario of plan.scenarios) {
      const samples = new Map<string, Sample>()
      for (const [subject, process] of processes) {
        const sample = await process.measure(scenario, `${scenario}-${round}`, plan.units)
        if (sample !== undefined) samples.set(subject, sample)
      }
      if (round > 0) rounds.get(scenario)?.push(samples) // the first round is the warm-up
    }
    say(round === 0 ? 'warm' : `round ${round} of ${plan.rounds}`)
  }
  return rounds
}

const countAll = async (
  plan: Plan,
  subject: string,
  file: string,
  place: Place,
): Promise<ReadonlyMap<string, Counted>> => {
  const proxy = await countingProxy(place.endpoint, place.client)
  const process = startSubject(file, { endpoint: proxy.endpoint, tableName: place.tableNames.get(subject) ?? '' })
  const counts = new Map<string, Counted>()
  try {
    for (const scenario of plan.scenarios) {
      const units = SCENARIOS[scenario]?.counted ?? 0
      if (units === 0) continue
      let counted: Counted = { requests: 0, write: 0, read: 0 }
      const around = {
        before: proxy.start,
        after: () => {
          counted = proxy.counted()
        },
      }
      const sample = await process.measure(scenario, `count-${scenario}`, units, around)
      if (sample === undefined) continue
      const { requests, write, read } = counted
      counts.set(scenario, {
        requests: requests / sample.units,
        write: write / sample.units,
        read: read / sample.units,
      })
    }
    return counts
  } finally {
    await process.stop()
    await proxy.close()
  }
}

interface Place {
  readonly endpoint: string
  readonly client: DynamoDBClient
  readonly tableNames: ReadonlyMap<string, string>
}

const measureAll = async (plan: Plan, place: Place, directory: string): Promise<Results> => {
  const files = new Map<string, string>()
  const processes = new Map<string, SubjectProcess>()
  const counts = new Map<string, ReadonlyMap<string, Counted>>()
  try {
    for (const subject of plan.subjects) {
      const file = await bundleSubject(directory, subject)
      files.set(subject, file)
      counts.set(subject, await countAll(plan, subject, file, place))
      processes.set(
        subject,
        startSubject(file, { endpoint: place.endpoint, tableName: place.tableNames.get(subject) ?? '' }),
      )
    }
    say('requests counted')
    const rounds = await runRounds(plan, processes)
    const cells = new Map<string, ReadonlyMap<string, Cell>>()
    for (const [scenario, own] of rounds) {
      const floor = rounds.get(SCENARIOS[scenario]?.against ?? scenario) ?? own
      const row = new Map<string, Cell>()
      for (const subject of plan.subjects) {
        const cell = cellOf(own, floor, subject, counts.get(subject)?.get(scenario))
        if (cell !== undefined) row.set(subject, cell)
      }
      cells.set(scenario, row)
    }
    return { subjects: plan.subjects, cells }
  } finally {
    for (const process of processes.values()) await process.stop()
  }
}

const asJson = (plan: Plan, { cells }: Results): string =>
  `${JSON.stringify(
    {
      node: process.version,
      machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'} (${arch()})`,
      rounds: plan.rounds,
      unitsPerRound: plan.units,
      scenarios: Object.fromEntries([...cells].map(([scenario, row]) => [scenario, Object.fromEntries(row)])),
    },
    undefined,
    2,
  )}\n`

const main = async (): Promise<void> => {
  const plan = readPlan()
  if (plan === undefined) return void process.stdout.write(HELP)
  const directory = mkdtempSync(join(tmpdir(), 'lambda-once-bench-'))
  const database = await startDynamoDbLocal()
  try {
    const client = new DynamoDBClient({ endpoint: database.endpoint, region: REGION, credentials: CREDENTIALS })
    const tableNames = new Map(plan.subjects.map((subject) => [subject, `bench-${subject}`]))
    for (const tableName of tableNames.values()) await createIdempotencyTable(client, tableName)
    const results = await measureAll(plan, { endpoint: database.endpoint, client, tableNames }, directory)
    const tables = benchTables(results)
    const chart = cpuChart(results)
    const json = asJson(plan, results)
    mkdirSync(plan.out, { recursive: true })
    writeFileSync(join(plan.out, 'bench.md'), `${tables}\n`)
    writeFileSync(join(plan.out, 'bench.json'), json)
    writeFileSync(join(plan.out, 'bench.svg'), chart)
    if (plan.write) {
      writeSection('bench', tables)
      writeFileSync(new URL('../docs/performance.json', import.meta.url), json)
      writeFileSync(new URL('../docs/performance.svg', import.meta.url), chart)
    }
    process.stdout.write(`${tables}\n\n${plan.out}/bench.md, bench.json, bench.svg\n`)
  } finally {
    await database.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

await main()
