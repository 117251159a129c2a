/**
 * `npm run compare`: runs the same scenarios against both layers, on DynamoDB Local, over a network with scripted
 * faults.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createBusinessTable } from '../../local/business-table.ts'
import { startDynamoDbLocal } from '../../local/dynamodb-local.ts'
import { faultProxy } from '../../test/support/fault-proxy.ts'
import { payment } from '../../test/support/http-events.ts'
import { playKilled } from './crash/story.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import { boundedClient, lambdaOnce, powertools, type Subject } from './subject.ts'

const HELP = `npm run compare -- [--only NAME] [--write]

  --only NAME   one scenario: ${SCENARIOS.map(({ name }) => name).join(', ')}
  --write       puts the table into docs/comparison.md, if lambda-once holds in each row
`

const DOCUMENT = new URL('../../docs/comparison.md', import.meta.url)
const TABLE = /(?<=<!-- table -->\n).*?(?=<!-- end -->)/s

interface Row {
  readonly scenario: Scenario
  /** What went wrong with each subject; `undefined` if the scenario held. */
  readonly faults: readonly (string | undefined)[]
}

const SUBJECTS: readonly Subject[] = [lambdaOnce, powertools]

const refuse = (message: string): never => {
  console.error(`npm run compare: ${message}`)
  process.exit(2)
}

const chosen = (): { readonly scenarios: readonly Scenario[]; readonly write: boolean } => {
  try {
    const { values } = parseArgs({
      options: { only: { type: 'string' }, write: { type: 'boolean' }, help: { type: 'boolean' } },
    })
    if (values.help) {
      console.log(HELP)
      process.exit(0)
    }
    const scenarios = SCENARIOS.filter(({ name }) => values.only === undefined || name === values.only)
    if (scenarios.length === 0)
      return refuse(`--only is "${values.only}": ${SCENARIOS.map(({ name }) => name).join(', ')}`)
    if (values.write && values.only !== undefined) return refuse('--write needs all scenarios, without --only')
    return { scenarios, write: values.write ?? false }
  } catch (error) {
    return refuse((error as Error).message)
  }
}

/** Its result does not count. */
const WARM_UP: Scenario = {
  name: 'warm-up',
  expects: '',
  run: async ({ wrap, pay }) => {
    await wrap(pay)(payment('warm-up')).catch(() => {})
    return undefined
  },
}

/** Creating a table is no part of a scenario, and takes seconds on a busy machine. */
const PATIENT = { requestHandler: { requestTimeout: 20_000 } }

const play = async (scenario: Scenario, subject: Subject, endpoint: string): Promise<string | undefined> => {
  const proxy = await faultProxy()
  const [tableName, rowsTable] = [`compare-${randomUUID()}`, `compare-${randomUUID()}`]
  const client = boundedClient(endpoint, PATIENT)
  await Promise.all([subject.createTable(client, tableName), createBusinessTable(client, rowsTable)])
  const effects: string[] = []
  try {
    return await scenario.run({
      proxy,
      effects,
      wrap: (business) => subject.wrap(business, tableName, boundedClient(proxy.endpoint)),
      pay: async (event) => {
        effects.push(event.body ?? '')
        return { statusCode: 201, body: `payment ${effects.length}` }
      },
      playKilled: (task) => playKilled({ subject: subject.name, endpoint, tableName, rowsTable }, task),
    })
  } finally {
    await proxy.close()
  }
}

const mark = (fault: string | undefined): string => (fault === undefined ? 'holds' : `**fails**: ${fault}`)

const tableOf = (rows: readonly Row[]): string =>
  [
    `| scenario | what is expected | ${SUBJECTS.map(({ name, version }) => `${name} ${version}`).join(' | ')} |`,
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ scenario, faults }) => `| \`${scenario.name}\` | ${scenario.expects} | ${faults.map(mark).join(' | ')} |`,
    ),
    '',
  ].join('\n')

const { scenarios, write } = chosen()
const database = await startDynamoDbLocal()
process.env.TEST_DYNAMODB_ENDPOINT = database.endpoint
const rows: Row[] = []
try {
  // The first requests of a process are slow, and a layer refuses a request whose claim takes too long.
  for (const subject of SUBJECTS) await play(WARM_UP, subject, database.endpoint)
  for (const scenario of scenarios) {
    const faults: (string | undefined)[] = []
    for (const subject of SUBJECTS) faults.push(await play(scenario, subject, database.endpoint))
    rows.push({ scenario, faults })
    console.log(
      `${scenario.name.padEnd(32)}${faults.map((fault, at) => `${SUBJECTS[at]?.name}: ${mark(fault)}`).join('   ')}`,
    )
  }
} finally {
  await database.stop()
}

const held = (at: number): number => rows.filter(({ faults }) => faults[at] === undefined).length
const allHeld = held(0) === rows.length
if (write && allHeld) {
  const document = readFileSync(DOCUMENT, 'utf8')
  writeFileSync(DOCUMENT, document.replace(TABLE, tableOf(rows)))
}
console.log(SUBJECTS.map(({ name, version }, at) => `${name} ${version}: ${held(at)} of ${rows.length}`).join(', '))
process.exit(allHeld ? 0 : 1)
