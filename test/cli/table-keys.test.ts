import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { tableKeys } from '../../lib/dynamodb/keys/index.ts'
import { deriveRecordKey, once } from '../../lib/index.ts'
import { databaseEndpoint, testClient } from '../support/dynamodb.ts'
import { patientRuntime } from '../support/http-harness.ts'
import { keyIn, readIn, SHOP_KEYS, shopTable } from '../support/shop-table.ts'
import { command, type Ran } from './command.ts'

let table: string
beforeAll(async () => {
  table = await shopTable()
})

const at = (...argv: readonly string[]): Promise<Ran> =>
  command([...argv, '--table', table, '--endpoint', databaseEndpoint(), '--keys', JSON.stringify(SHOP_KEYS)])

const act = (name: string, by: string, ...argv: readonly string[]): Promise<Ran> =>
  at(...name.split(' '), '--by', by, '--yes', '--reason', 'Looked it up', ...argv)

let keys = 0

/** A payment whose handler threw, under `hold`: it waits for a person. */
const held = async () => {
  const store = dynamoDbStore({ tableName: table, client: testClient(), keys: tableKeys(SHOP_KEYS) })
  const pay = once({ store, operation: 'payments', abandoned: 'hold', runtime: patientRuntime })
  const key = `k-${++keys}`
  const call = (payload: unknown = 1) =>
    pay({ key, tenant: 't', payload }, () => {
      throw new Error('lost')
    }).catch((error: { code?: string; message: string }) => error.code ?? error.message)
  expect(await call()).toBe('lost')
  expect(await call()).toBe('outcome-unknown')
  return { call, recordKey: deriveRecordKey({ operation: 'payments', tenant: 't', key }) }
}

test('a record is found, and settled by a person', async () => {
  const { call, recordKey } = await held()
  expect((await at('inspect', '--record', recordKey)).out).toContain(recordKey)
  const value = join(tmpdir(), `value-${process.pid}.json`)
  writeFileSync(value, '{"paid":true}')
  expect(await act('settle', 'alice', '--record', recordKey, '--value', value)).toMatchObject({ status: 0 })
  expect(await call()).toEqual({ value: { paid: true }, status: 'replayed' })
  expect(await readIn(table, keyIn(recordKey))).toMatchObject({ ttl: { N: expect.any(String) } })
})

test('two people let another payload use a key', async () => {
  const { call, recordKey } = await held()
  const payload = join(tmpdir(), `payload-${process.pid}.json`)
  writeFileSync(payload, '2')
  await act('settle', 'alice', '--record', recordKey, '--fact-only')
  expect(await call(2)).toBe('key-reused')
  expect(await act('override propose', 'alice', '--record', recordKey, '--payload', payload)).toMatchObject({
    status: 0,
  })
  expect((await act('override approve', 'alice', '--record', recordKey)).status).toBe(1)
  expect(await act('override approve', 'bob', '--record', recordKey)).toMatchObject({ status: 0 })
  expect(await call(2)).toBe('lost')
})

test('a list has the records only, and goes on behind an item that is none', async () => {
  const client = testClient()
  const order = (n: number) => ({ PK: { S: `ORDER#${n}` }, SK: { S: 'ORDER' }, status: { S: 'IN_PROGRESS' } })
  for (let n = 0; n < 5; n++) await client.send(new PutItemCommand({ TableName: table, Item: order(n) }))
  const { recordKey } = await held()
  const { json } = await at('list', '--json')
  const { records, unreadable, next } = json as {
    records: { recordKey: string }[]
    unreadable: unknown[]
    next: unknown
  }
  expect(records.map((record) => record.recordKey)).toContain(recordKey)
  expect([unreadable, next]).toEqual([[], null])
  const place = JSON.stringify(keyIn(recordKey))
  expect((await at('list', '--from', place)).status).toBe(0)
})

test('doctor checks the names that were given, and tries the permissions with them', async () => {
  const { out } = await at('doctor')
  expect(out).toMatch(/key-schema +ok +the key is PK, SK\nttl +ok +TTL is on ttl/)
  expect(out).not.toMatch(/ bad /)
  const { out: without } = await command(['doctor', '--table', table, '--endpoint', databaseEndpoint()])
  expect(without).toMatch(/key-schema +bad/)
})

test.each([
  ['no JSON', '{', /--keys: /],
  ['a name that cannot be right', '{"ttlAttribute":"status"}', /--keys: .*"ttlAttribute" is "status"/],
  ['another member', '{"pk":"PK"}', /--keys: .*pk/],
])('%s is refused by name', async (_, given, message) => {
  const ran = await command(['list', '--table', table, '--endpoint', databaseEndpoint(), '--keys', given])
  expect([ran.status, ran.err]).toEqual([2, expect.stringMatching(message)])
})
