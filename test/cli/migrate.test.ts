import { itemsOf, oldFunction, oldTable, putItem } from '../migrate/old-function.ts'
import { databaseEndpoint } from '../support/dynamodb.ts'
import { denied, faultProxy } from '../support/fault-proxy.ts'
import { gate } from '../support/http-harness.ts'
import { command } from './command.ts'

const migrate = (from: string, ...flags: readonly string[]) =>
  command(['migrate', 'powertools', '--from', from, '--endpoint', databaseEndpoint(), ...flags])

const seconds = (fromNow: number): string => String(Math.round(Date.now() / 1_000) + fromNow)

test('migrate powertools counts what a request would find, and writes nothing', async () => {
  const table = await oldTable()
  await oldFunction(table, async (id) => id, { expiresAfterSeconds: 600 })('done')
  await oldFunction(table, async (id) => id, { expiresAfterSeconds: 7_200 })('done later')
  await oldFunction(table, async (id) => id, { expiresAfterSeconds: -60 })('expired')
  await putItem(table, {
    id: { S: 'crashed' },
    status: { S: 'INPROGRESS' },
    expiration: { N: seconds(3_600) },
    in_progress_expiration: { N: String(Date.now() - 60_000) },
  })
  const before = await itemsOf(table)
  const { status, json } = await migrate(table, '--json')
  expect(status).toBe(0)
  expect(json).toMatchObject({ table, replayed: 2, running: 0, inDoubt: 1, expired: 1, isWhole: true })
  const { neededUntil } = json as { neededUntil: string }
  expect(Math.abs(Date.parse(neededUntil) - Date.now() - 7_200_000)).toBeLessThan(60_000)
  expect(await itemsOf(table)).toEqual(before)
})

test('migrate powertools exits with 1 while the old function runs', async () => {
  const table = await oldTable()
  const [started, ends] = [gate(), gate()]
  const run = oldFunction(table, async () => {
    started.open()
    await ends.opened
  })('running')
  await started.opened
  const { status, out } = await migrate(table)
  expect(status).toBe(1)
  expect(out).toMatch(/^In progress +1: the old function may be running$/m)
  expect(out).toMatch(/^Needed until +not known: the old function may be running$/m)
  ends.open()
  await run
  expect(await migrate(table)).toMatchObject({ status: 0, out: expect.stringContaining('1 are replayed') })
})

test('migrate powertools says that a record in doubt still needs the option, also after all others have expired', async () => {
  const table = await oldTable()
  expect((await migrate(table)).out).toMatch(/^Needed until +not needed: nothing is left there$/m)
  await putItem(table, {
    id: { S: 'crashed' },
    status: { S: 'INPROGRESS' },
    expiration: { N: seconds(-60) },
    in_progress_expiration: { N: String(Date.now() - 3_600_000) },
  })
  expect((await migrate(table)).out).toMatch(/^Needed until +the records in doubt are decided$/m)
  await oldFunction(table, async (id) => id)('done')
  expect((await migrate(table)).out).toMatch(/^Needed until +\S+Z, and the records in doubt are decided$/m)
})

test('migrate powertools reads other names of attributes', async () => {
  const attributes = { statusAttr: 's', expiryAttr: 'e', inProgressExpiryAttr: 'i' }
  const table = await oldTable()
  await oldFunction(table, async (id) => id, { attributes })('done')
  const flags = ['--status-attr', 's', '--expiry-attr', 'e', '--in-progress-expiry-attr', 'i']
  expect((await migrate(table, '--json', ...flags)).json).toMatchObject({ replayed: 1 })
  const wrong = await migrate(table)
  expect(wrong).toMatchObject({ status: 3, err: expect.stringContaining('is no record of Powertools') })
})

test('migrate powertools reads all pages, and says if it has stopped before the end', async () => {
  const table = await oldTable()
  const large = 'x'.repeat(300_000)
  for (const id of ['a', 'b', 'c', 'd', 'e']) await oldFunction(table, async () => large)(id)
  expect((await migrate(table, '--json')).json).toMatchObject({ replayed: 5, isWhole: true })
  const part = await migrate(table, '--read-units', '1')
  expect(part).toMatchObject({ status: 1, out: expect.stringContaining('raise --read-units') })
  expect(part.out).toMatch(/^Needed until +not known: a part of the table was not read$/m)
  expect((await migrate(table, '--read-units', '1', '--json')).json).toMatchObject({ neededUntil: null })
})

test.each([
  ['without --from', [], 2, 'name the Powertools table: --from NAME'],
  ['without a table of this name', ['--from', 'absent'], 3, 'does not exist'],
  ['without a library', undefined, 2, ''],
])('migrate powertools %s', async (_, flags, status, message) => {
  const argv = flags === undefined ? ['migrate', 'lodash'] : ['migrate', 'powertools', ...flags]
  const ran = await command([...argv, ...(flags === undefined ? [] : ['--endpoint', databaseEndpoint()])])
  expect(ran).toMatchObject({ status, out: '', err: expect.stringContaining(message) })
})

test('migrate powertools exits with 3 without the permission to scan', async () => {
  const proxy = await faultProxy()
  proxy.script({ operation: 'Scan', fault: denied })
  const ran = await command(['migrate', 'powertools', '--from', await oldTable(), '--endpoint', proxy.endpoint])
  expect(ran).toMatchObject({ status: 3, err: expect.stringContaining('no permission') })
  await proxy.close()
})
