import { setTimeout as sleep } from 'node:timers/promises'
import type { ProbePoint } from '../../lib/core/runtime.ts'
import { deriveRecordKey } from '../../lib/index.ts'
import { killVictims, startVictim } from '../kills/victim-process.ts'
import { databaseEndpoint, freshTable, readItem } from '../support/dynamodb.ts'
import { type Fault, faultProxy, resetBefore } from '../support/fault-proxy.ts'
import { aName, openShop, type Shop } from '../support/shop.ts'
import type { Step } from '../support/store-step.ts'
import { type VictimSettings, writeAs } from './victim.ts'
import { anOrder } from './writing.ts'

const PROGRAM = new URL('./victim.ts', import.meta.url)

let shop: Shop
let tableName: string
beforeAll(async () => {
  shop = await openShop()
  tableName = await freshTable()
})

afterAll(killVictims)

const start = (settings: VictimSettings) => startVictim(settings, { program: PROGRAM })

/** Where the process is killed: at a point in its code, or while the network holds its request. */
type Place = { readonly point: ProbePoint } | { readonly inFlight: Step; readonly arrives: boolean }

interface Row {
  readonly name: string
  readonly place: Place
  /** What the network does to the requests before that. */
  readonly before?: Partial<Record<Step, Fault>>
  readonly left: 'nothing' | 'all' | 'a claim without an end' | 'a release'
}

const NO_ANSWER: Row['before'] = { commit: resetBefore }

const ROWS: readonly Row[] = [
  { name: 'before the commit', place: { point: 'before-commit' }, left: 'nothing' },
  { name: 'while its commit is lost on the way', place: { inFlight: 'commit', arrives: false }, left: 'nothing' },
  { name: 'while its commit is applied', place: { inFlight: 'commit', arrives: true }, left: 'all' },
  { name: 'after the commit', place: { point: 'after-commit' }, left: 'all' },
  { name: 'before its fence', place: { inFlight: 'claim', arrives: false }, before: NO_ANSWER, left: 'nothing' },
  {
    name: 'after its fence',
    place: { inFlight: 'claim', arrives: true },
    before: NO_ANSWER,
    left: 'a claim without an end',
  },
  {
    name: 'before its give-up',
    place: { inFlight: 'release', arrives: false },
    before: NO_ANSWER,
    left: 'a claim without an end',
  },
  { name: 'after its give-up', place: { inFlight: 'release', arrives: true }, before: NO_ANSWER, left: 'a release' },
]

const LEFT: Readonly<Record<Row['left'], string | undefined>> = {
  nothing: undefined,
  all: 'SUCCEEDED',
  'a claim without an end': 'IN_PROGRESS',
  'a release': 'RELEASED',
}

/** Kills the process when its request has arrived at the network, which then delivers it or not. */
const killedInFlight = async (
  settings: VictimSettings,
  { inFlight, arrives }: Extract<Place, { inFlight: Step }>,
  before: Row['before'] = {},
) => {
  const proxy = await faultProxy()
  const victim = start({ ...settings, endpoint: proxy.endpoint })
  const first = async () => {
    victim.child.kill('SIGKILL')
    await victim.ended
  }
  // The sender is dead, so there is no answer. A reset of its connection would keep libuv from ending.
  const fault: Fault = { first, apply: arrives ? 'late' : 'never', answer: 'silent' }
  const rules = Object.entries(before).map(([step, earlier]) => ({ step: step as Step, fault: earlier }))
  proxy.script(...rules, { step: inFlight, nth: 1, fault })
  const signal = await victim.ended
  if (!proxy.seen.some(({ step }) => step === inFlight)) throw new Error(`It ended before its ${inFlight} was sent`)
  while (arrives && (await proxy.deliver()).length === 0) await sleep(10)
  await proxy.close()
  return signal
}

test.each(ROWS)(
  'I31 killed $name: rows and record are both there or neither, and retries write once',
  async ({ place, before, left }) => {
    const order = anOrder()
    const key = aName('key')
    await shop.stock(order.article, 5)
    const settings = { endpoint: databaseEndpoint(), tableName, shopTable: shop.tableName, key, order }
    const signal =
      'point' in place ? await start({ ...settings, ...place }).ended : await killedInFlight(settings, place, before)
    expect(signal).toBe('SIGKILL')
    const item = await readItem(tableName, deriveRecordKey({ operation: 'kills', tenant: 't', key }))
    expect({ status: item?.status?.S, row: await shop.has(order.id), pieces: await shop.left(order.article) }).toEqual({
      status: LEFT[left],
      row: left === 'all',
      pieces: left === 'all' ? 4 : 5,
    })
    let told = await writeAs(settings)
    if (left === 'a claim without an end') {
      while (told === 'in-progress') {
        await sleep(200)
        told = await writeAs(settings)
      }
    }
    expect(told).toBe(left === 'all' ? 'replayed ordered' : 'created ordered')
    expect(await Promise.all([writeAs(settings), writeAs(settings)])).toEqual(['replayed ordered', 'replayed ordered'])
    expect(await shop.left(order.article)).toBe(4)
  },
  60_000,
)
