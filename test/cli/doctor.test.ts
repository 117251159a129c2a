import {
  CreateTableCommand,
  type CreateTableCommandInput,
  PutItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { CHECKS, type Verdict } from '../../lib/cli/doctor/checks.ts'
import type { TableFacts } from '../../lib/cli/doctor/facts.ts'
import { databaseEndpoint, freshTable, testClient } from '../support/dynamodb.ts'
import { command } from './command.ts'

interface Finding {
  readonly id: string
  readonly verdict: Verdict
  readonly finding: string
}

const examine = async (table: string, now = Date.now) => {
  const argv = ['doctor', '--table', table, '--endpoint', databaseEndpoint(), '--json']
  const { status, json } = await command(argv, { now })
  return { status, findings: (json as { findings: readonly Finding[] }).findings }
}

const verdicts = (findings: readonly Finding[]) => Object.fromEntries(findings.map(({ id, verdict }) => [id, verdict]))

const madeTable = async (name: string, rest: Partial<CreateTableCommandInput>): Promise<string> => {
  const TableName = `${name}-${process.pid}-${Date.now()}`
  await testClient().send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      ...rest,
    }),
  )
  return TableName
}

test('doctor finds the table of the store in order, and says what an emulator cannot answer', async () => {
  const { status, findings } = await examine(await freshTable())
  expect(status).toBe(0)
  expect(verdicts(findings)).toMatchObject({
    'key-schema': 'ok',
    ttl: 'ok',
    'point-in-time-recovery': 'unknown',
    replicas: 'ok',
    clock: 'ok',
    overrides: 'ok',
  })
  expect(findings.find(({ id }) => id === 'point-in-time-recovery')?.finding).toContain('cannot be checked here')
})

test('doctor finds another key', async () => {
  const table = await madeTable('other-key', {
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  })
  const { status, findings } = await examine(table)
  expect(status).toBe(1)
  expect(verdicts(findings)).toMatchObject({ 'key-schema': 'bad', overrides: 'unknown' })
})

test('doctor finds a number as the key, and TTL that is off', async () => {
  const table = await madeTable('number', { AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'N' }] })
  expect(verdicts((await examine(table)).findings)).toMatchObject({ 'key-schema': 'bad', ttl: 'warn' })
})

test('doctor finds TTL on another attribute, which is no failure', async () => {
  const table = await madeTable('ttl', {})
  const TimeToLiveSpecification = { AttributeName: 'ttl', Enabled: true }
  await testClient().send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }))
  const { status, findings } = await examine(table)
  expect(status).toBe(0)
  expect(findings).toContainEqual(expect.objectContaining({ id: 'ttl', verdict: 'warn', finding: 'TTL is on ttl' }))
})

test.each([-10_000, 10_000])('doctor finds a clock that is %p ms off', async (off) => {
  const { status, findings } = await examine(await freshTable(), () => Date.now() + off)
  expect(status).toBe(1)
  expect(verdicts(findings)).toMatchObject({ clock: 'bad' })
})

test.each([
  ['one-person', 'warn'],
  ['off', 'ok'],
  ['nobody', 'unknown'],
])('doctor reads the rule for overrides: %s', async (rule, verdict) => {
  const TableName = await freshTable()
  await testClient().send(new PutItemCommand({ TableName, Item: { pk: { S: '#settings' }, overrides: { S: rule } } }))
  const { findings } = await examine(TableName)
  expect(findings).toContainEqual(
    expect.objectContaining({ id: 'overrides', verdict, finding: expect.stringContaining(rule) }),
  )
})

test('doctor prints a table, and below it what each finding means', async () => {
  const table = await madeTable('printed', {})
  const { out } = await command(['doctor', '--table', table, '--endpoint', databaseEndpoint()])
  expect(out).toMatch(/^CHECK +VERDICT +FINDING\nkey-schema +ok +the key is pk\nttl +warn +TTL is off\n/)
  expect(out).toContain('\nttl\n  Without TTL on this attribute expired records are never deleted')
})

test('doctor exits with 3 if there is no such table', async () => {
  const ran = await command(['doctor', '--table', 'absent', '--endpoint', databaseEndpoint()])
  expect(ran).toMatchObject({ status: 3, out: '', err: expect.stringContaining('does not exist') })
})

/** What DynamoDB Local cannot be made to answer. */
const FACTS: TableFacts = {
  table: {},
  ttlAttribute: { kind: 'known', value: 'expiresAt' },
  pointInTimeRecovery: { kind: 'known', value: true },
  overrides: { kind: 'known', value: 'two-people' },
  clockAheadMillis: { kind: 'known', value: 0 },
}

test.each<[string, TableFacts, Verdict]>([
  ['replicas', { ...FACTS, table: { Replicas: [{ RegionName: 'eu-west-1' }] } }, 'bad'],
  ['point-in-time-recovery', FACTS, 'ok'],
  ['point-in-time-recovery', { ...FACTS, pointInTimeRecovery: { kind: 'known', value: false } }, 'warn'],
  ['deletion-protection', { ...FACTS, table: { DeletionProtectionEnabled: true } }, 'ok'],
  ['deletion-protection', FACTS, 'warn'],
])('the check %s is judged by %p', (id, facts, verdict) => {
  expect(CHECKS.find((check) => check.id === id)?.judge(facts).verdict).toBe(verdict)
})
