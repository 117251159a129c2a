import { freshTable } from '../../support/dynamodb.ts'
import { openShop } from '../../support/shop.ts'
import { type Cell, rowsOf, STEPS, WHICH } from './cell.ts'
import { type Place, play } from './play.ts'
import type { ClientName } from './refusing-client.ts'

/** Cells run at the same time, because most of a cell's time is spent waiting. */
const AT_ONCE = 16

const CLIENTS: readonly ClientName[] = ['sdk', 'lean']

const results = new Map<Cell, string>()
const tables = new Map(CLIENTS.map((client) => [client, STEPS.map(rowsOf)] as const))

let place: Place
beforeAll(async () => {
  place = { tableName: await freshTable(), shop: await openShop() }
  // The first run takes long, and would look like a delay.
  const warmUp: Cell = { step: 'claim', kind: 'reset', when: 'before', which: 'first' }
  for (const client of CLIENTS) await play(client, place, warmUp)
})

/** Prints a row for each step and fault, with a column for each choice of sends. */
afterAll(() => {
  for (const [client, table] of tables) {
    const rows = table.flat().map((row) => {
      const [{ step, kind, when }] = row as [Cell]
      return `| ${step} | ${kind} | ${when} | ${row.map((cell) => results.get(cell) ?? 'not run').join(' | ')} |\n`
    })
    const cells = table.flat(2)
    const passed = cells.filter((cell) => results.get(cell) === 'holds').length
    process.stdout.write(
      `\n${client}:\n| step | fault | applied | ${WHICH.join(' | ')} |\n| --- | --- | --- | --- | --- | --- |\n${rows.join('')}` +
        `fault matrix passed ${passed} of ${cells.length} (${client})\n`,
    )
  }
})

const inPool = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
  const left = [...items]
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

test.each([...tables].flatMap(([client, table]) => STEPS.map((step, at) => [step, client, table[at] ?? []] as const)))(
  'A4, A5, A13, C3, I4, I13, I24, I27 Whatever fault meets whichever send of %s by the %s client, the call and its retry end as they must.',
  async (_, client, rows) => {
    const cells = rows.flat()
    await inPool(cells, async (cell) => {
      results.set(cell, (await play(client, place, cell).catch(String)) ?? 'holds')
    })
    expect(cells.filter((cell) => results.get(cell) !== 'holds')).toEqual([])
  },
  240_000,
)
