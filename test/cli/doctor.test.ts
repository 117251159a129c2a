import {
  CreateTableCommand,
  type CreateTableCommandInput,
  PutItemCommand,
  ScanCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import type { Facts, Verdict } from '../../lib/cli/doctor/check.ts'
import { CHECKS } from '../../lib/cli/doctor/checks.ts'
import { type AwsServer, type AwsState, awsServer } from '../support/aws-server.ts'
import { databaseEndpoint, freshTable, testClient } from '../support/dynamodb.ts'
import { denied, type FaultProxy, failBefore, faultProxy } from '../support/fault-proxy.ts'
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
const FACTS: Facts = {
  tableName: 'records',
  keys: {},
  table: { kind: 'known', value: {} },
  ttlAttribute: { kind: 'known', value: 'expiresAt' },
  pointInTimeRecovery: { kind: 'known', value: true },
  overrides: { kind: 'known', value: 'two-people' },
  clockAheadMillis: { kind: 'known', value: 0 },
  permissions: {},
  numbers: { maxRuns: 3, retentionSeconds: 1_296_000 },
}

const described = (value: object): Facts => ({ ...FACTS, table: { kind: 'known', value } })

test.each<[string, Facts, Verdict]>([
  ['replicas', described({ Replicas: [{ RegionName: 'eu-west-1' }] }), 'bad'],
  ['point-in-time-recovery', FACTS, 'ok'],
  ['point-in-time-recovery', { ...FACTS, pointInTimeRecovery: { kind: 'known', value: false } }, 'warn'],
  ['deletion-protection', described({ DeletionProtectionEnabled: true }), 'ok'],
  ['deletion-protection', FACTS, 'warn'],
])('the check %s is judged by %p', (id, facts, verdict) => {
  expect(CHECKS.find((check) => check.id === id)?.judge(facts)?.verdict).toBe(verdict)
})

describe('permissions', () => {
  let proxy: FaultProxy
  beforeAll(async () => {
    proxy = await faultProxy()
  })
  afterAll(() => proxy.close())

  const examined = async (table: string, ...flags: readonly string[]) => {
    const { status, json } = await command([
      'doctor',
      '--table',
      table,
      '--endpoint',
      proxy.endpoint,
      '--json',
      ...flags,
    ])
    const { findings } = json as { findings: readonly Finding[] }
    return { status, of: (id: string) => findings.find((finding) => finding.id === id) }
  }

  test('a person who has all of them sees which ones, and nothing was written', async () => {
    proxy.script()
    const table = await freshTable()
    const { status, of } = await examined(table)
    expect(status).toBe(0)
    expect(of('permission-read')).toMatchObject({ verdict: 'ok', finding: 'dynamodb:GetItem' })
    expect(of('permission-list')).toMatchObject({ verdict: 'ok' })
    expect(of('permission-act')).toMatchObject({ verdict: 'ok', finding: 'dynamodb:UpdateItem' })
    expect(of('permission-claim')).toBeUndefined()
    const { Count } = await testClient().send(new ScanCommand({ TableName: table }))
    expect(Count).toBe(0)
  })

  test.each([
    ['Scan', 'permission-list'],
    ['UpdateItem', 'permission-act'],
    ['GetItem', 'permission-read'],
  ])('a person without %s', async (operation, id) => {
    proxy.script({ operation, fault: denied })
    const { status, of } = await examined(await freshTable())
    expect(status).toBe(1)
    expect(of(id)).toMatchObject({ verdict: 'bad', finding: `no permission for dynamodb:${operation}` })
  })

  test('a function that may only claim: what it may not describe is unknown', async () => {
    proxy.script({ operation: 'DescribeTable', fault: denied }, { operation: 'DescribeTimeToLive', fault: denied })
    const table = await freshTable()
    const { status, of } = await examined(table, '--operation', 'payments')
    expect(status).toBe(0)
    expect(of('key-schema')).toMatchObject({ verdict: 'unknown', finding: expect.stringContaining('not authorized') })
    expect(of('permission-act')).toBeUndefined()
    expect(of('permission-claim')).toMatchObject({
      verdict: 'ok',
      finding: 'dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem',
    })
    expect((await testClient().send(new ScanCommand({ TableName: table }))).Count).toBe(0)
  })

  test('a function without PutItem cannot claim', async () => {
    proxy.script({ operation: 'PutItem', fault: denied })
    const { status, of } = await examined(await freshTable(), '--operation', 'payments')
    expect(status).toBe(1)
    expect(of('permission-claim')).toMatchObject({ verdict: 'bad', finding: 'no permission for dynamodb:PutItem' })
  })

  test('a permission that cannot be tried is unknown', async () => {
    proxy.script({ operation: 'Scan', fault: failBefore })
    const { of } = await examined(await freshTable())
    expect(of('permission-list')).toMatchObject({
      verdict: 'unknown',
      finding: expect.stringContaining('dynamodb:Scan'),
    })
  })
})

describe('a queue and its worker', () => {
  let aws: AwsServer
  let table: string
  const VARIABLES = ['AWS_ENDPOINT_URL_LAMBDA', 'AWS_ENDPOINT_URL_SQS'] as const
  beforeAll(async () => {
    aws = await awsServer()
    for (const name of VARIABLES) process.env[name] = aws.endpoint
    table = await freshTable()
  })
  afterAll(async () => {
    for (const name of VARIABLES) delete process.env[name]
    await aws.close()
  })

  const worker = async (sets: Partial<AwsState>, ...flags: readonly string[]) => {
    aws.set(sets)
    const place = ['--table', table, '--endpoint', databaseEndpoint()]
    const { status, json, err } = await command(['doctor', ...place, '--json', ...flags])
    const { findings = [] } = json as { findings?: readonly Finding[] }
    return { status, err, of: (id: string) => findings.find((finding) => finding.id === id) }
  }
  const both = () => ['--queue', aws.queueUrl, '--function', 'process-orders']

  test('doctor finds numbers that fit together', async () => {
    const { status, of } = await worker({}, ...both())
    expect(status).toBe(0)
    expect(of('queue-visibility')).toMatchObject({
      verdict: 'ok',
      finding: '180 s; a timeout of 30 s with a batch window of 0 s needs 180 s',
    })
    expect(of('queue-receive-count')).toMatchObject({ verdict: 'ok', finding: '5, and maxRuns is 3' })
    expect(of('queue-retention')).toMatchObject({ verdict: 'ok' })
    expect(of('dead-letter-retention')).toMatchObject({
      verdict: 'ok',
      finding: 'dead letters 1209600 s, messages 345600 s, records 1296000 s',
    })
    expect(of('worker-mapping')).toMatchObject({ verdict: 'ok' })
    expect(of('function-timeout')).toBeUndefined()
    expect(of('function-table')).toMatchObject({ verdict: 'unknown' })
  })

  test.each<[string, Partial<AwsState>, readonly string[], string, Verdict]>([
    ['a batch window makes the visibility timeout too short', { batchWindow: 1 }, [], 'queue-visibility', 'bad'],
    ['a longer timeout makes the visibility timeout too short', { timeout: 31 }, [], 'queue-visibility', 'bad'],
    ['no redrive policy', { maxReceiveCount: undefined }, [], 'queue-receive-count', 'warn'],
    ['as many receives as runs', { maxReceiveCount: 3 }, [], 'queue-receive-count', 'bad'],
    ['fewer receives than AWS advises', { maxReceiveCount: 4 }, [], 'queue-receive-count', 'warn'],
    ['more runs by a flag', {}, ['--max-runs', '5'], 'queue-receive-count', 'bad'],
    [
      'more runs by the variable of the worker',
      { environment: { IDEMPOTENCY_MAX_RUNS: '6' } },
      [],
      'queue-receive-count',
      'bad',
    ],
    ['messages that outlive records', {}, ['--retention-seconds', '86400'], 'queue-retention', 'bad'],
    [
      'dead letters that outlive records',
      { environment: { IDEMPOTENCY_RETENTION_SECONDS: '400000' } },
      [],
      'dead-letter-retention',
      'bad',
    ],
    ['dead letters that are deleted unseen', { deadLetterRetention: 345_599 }, [], 'dead-letter-retention', 'bad'],
    ['the same on a FIFO queue', { deadLetterRetention: 345_599, fifo: true }, [], 'dead-letter-retention', 'ok'],
    ['no dead-letter queue', { maxReceiveCount: undefined }, [], 'dead-letter-retention', 'unknown'],
    ['a worker that does not report failures', { reports: false }, [], 'worker-mapping', 'bad'],
    ['a function that does not read the queue', { mapped: false }, [], 'worker-mapping', 'warn'],
    ['another table', { environment: { IDEMPOTENCY_TABLE: 'other' } }, [], 'function-table', 'warn'],
  ])('doctor finds %s', async (_, sets, flags, id, verdict) => {
    const { status, of } = await worker(sets, ...both(), ...flags)
    expect([id, of(id)?.verdict]).toEqual([id, verdict])
    expect(status).toBe(verdict === 'bad' ? 1 : 0)
  })

  test('the ARN of the table in the environment of the function is the same table', async () => {
    const environment = { IDEMPOTENCY_TABLE: `arn:aws:dynamodb:eu-west-1:123456789012:table/${table}` }
    expect((await worker({ environment }, ...both())).of('function-table')).toMatchObject({ verdict: 'ok' })
  })

  test('without --function the visibility timeout cannot be compared', async () => {
    const { of } = await worker({}, '--queue', aws.queueUrl)
    expect(of('queue-visibility')).toMatchObject({
      verdict: 'unknown',
      finding: '180 s; give --function to compare it',
    })
    expect(of('worker-mapping')).toBeUndefined()
  })

  test.each([
    [29, 'ok'],
    [30, 'warn'],
  ])('without --queue the timeout of the function is one for API Gateway: %p s', async (timeout, verdict) => {
    const { of } = await worker({ timeout }, '--function', 'pay')
    expect(of('function-timeout')).toMatchObject({ verdict, finding: `${timeout} s` })
  })

  test.each([
    ['--queue', 'GetQueueAttributes', 'the queue http'],
    ['--function', 'GetFunctionConfiguration', 'the function process-orders cannot be read'],
  ])('doctor exits with 3 if %s cannot be read', async (_, denies, message) => {
    const { status, err } = await worker({ denies }, ...both())
    expect(status).toBe(3)
    expect(err).toContain(message)
    expect(err).toContain('AccessDenied')
  })

  test('a dead-letter queue that cannot be read is unknown', async () => {
    const { of } = await worker({ denies: 'GetQueueUrl' }, ...both())
    expect(of('dead-letter-retention')).toMatchObject({ verdict: 'unknown' })
  })

  test.each([
    ['a name in place of the URL of the queue', ['--queue', 'orders'], "must be the queue's URL"],
    ['an operation that cannot be', ['--operation', 'a#b'], '--operation is "a#b"'],
  ])('doctor refuses %s', async (_, flags, message) => {
    const { status, err } = await command(['doctor', '--table', table, '--endpoint', databaseEndpoint(), ...flags])
    expect(status).toBe(2)
    expect(err).toContain(message)
  })
})

test('each finding has an id of its own, and says what, how, meaning and remedy', () => {
  expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length)
  for (const { what, how, meaning, remedy } of CHECKS)
    for (const text of [what, how, meaning, remedy]) expect(text).not.toMatch(/^$|\|/)
})
