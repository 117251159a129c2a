import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { deriveRecordKey } from '../../lib/core/identity/record-key.ts'
import type { ProbePoint } from '../../lib/core/runtime.ts'
import { databaseEndpoint, freshTable, readItem } from '../support/dynamodb.ts'
import { type Fault, faultProxy } from '../support/fault-proxy.ts'
import { openShop, type Shop } from '../support/shop.ts'
import type { Step } from '../support/store-step.ts'
import { type Answer, clerk, type Office, type Purchase } from './clerk.ts'
import type { Task } from './clerk-process.ts'

const FILE = fileURLToPath(new URL('./clerk-process.ts', import.meta.url))

/** How many processes start at the same time. Each takes a second of a core. */
const SIDE_BY_SIDE = 4

/** Where the process is killed: at a point in its code, or while the network holds its request. */
type Place = { readonly point: ProbePoint } | { readonly inFlight: Step; readonly arrives: boolean }

interface Expected {
  readonly rowsAtOnce: boolean
  readonly atOnce: string
  readonly afterTheLease: string
  readonly third: string
}

/** The record is in progress, and there are no rows. */
const NOTHING: Expected = {
  rowsAtOnce: false,
  atOnce: 'in-progress',
  afterTheLease: 'sold by a retry (created)',
  third: 'sold by a retry (replayed)',
}

/** The record is settled, and the rows are written. */
const BOTH: Expected = {
  rowsAtOnce: true,
  atOnce: 'sold by the victim (replayed)',
  afterTheLease: 'sold by the victim (replayed)',
  third: 'sold by the victim (replayed)',
}

/** The article is there again, and any request may try. */
const RELEASED: Expected = {
  rowsAtOnce: false,
  atOnce: 'sold by a retry (created)',
  afterTheLease: 'sold by a retry (replayed)',
  third: 'sold by a retry (replayed)',
}

/** `isSoldOut`: the transaction is refused. */
interface Case {
  readonly name: string
  readonly place: Place
  readonly isSoldOut?: true
  readonly expected: Expected
  readonly client: Office['client']
}

const PLACES: readonly Omit<Case, 'client'>[] = [
  { name: 'before the commit', place: { point: 'before-commit' }, expected: NOTHING },
  { name: 'while its commit is lost on the way', place: { inFlight: 'commit', arrives: false }, expected: NOTHING },
  { name: 'while its commit is applied', place: { inFlight: 'commit', arrives: true }, expected: BOTH },
  { name: 'after the commit', place: { point: 'after-commit' }, expected: BOTH },
  { name: 'after the handler', place: { point: 'after-handler' }, expected: BOTH },
  { name: 'after a refusal', place: { point: 'after-commit' }, isSoldOut: true, expected: NOTHING },
  {
    name: 'before the release that follows a refusal',
    place: { point: 'before-settle' },
    isSoldOut: true,
    expected: NOTHING,
  },
  {
    name: 'while the release after a refusal is applied',
    place: { inFlight: 'release', arrives: true },
    isSoldOut: true,
    expected: RELEASED,
  },
]

const CASES: readonly Case[] = PLACES.flatMap((place) =>
  (['SDK', 'lean'] as const).map((client): Case => ({ ...place, client })),
)

interface Story extends Expected {
  readonly killedBy: NodeJS.Signals | null
  readonly otherPayload: string
  readonly left: number
  readonly recordAndRows: readonly [string | undefined, boolean]
}

const running = new Set<ChildProcess>()

const start = (task: Task) => {
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', FILE, JSON.stringify(task)], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  running.add(child)
  const ended = once(child, 'exit').then(([, signal]) => {
    running.delete(child)
    return signal as NodeJS.Signals | null
  })
  return { child, ended }
}

/** The request has arrived, and its sender is dead. */
const killedInFlight = async (task: Task, step: Step, arrives: boolean) => {
  const proxy = await faultProxy()
  const { child, ended } = start({ ...task, office: { ...task.office, endpoint: proxy.endpoint } })
  const first = async () => {
    child.kill('SIGKILL')
    await ended
  }
  const fault: Fault = { first, apply: arrives ? 'late' : 'never', answer: 'silent' }
  proxy.script({ step, nth: 1, fault })
  const signal = await ended
  if (!proxy.seen.some((seen) => seen.step === step)) throw new Error(`It ended before its ${step} was sent`)
  while (arrives && (await proxy.deliver()).length === 0) await sleep(10)
  await proxy.close()
  return signal
}

const killed = (task: Task, place: Place): Promise<NodeJS.Signals | null> =>
  'point' in place ? start({ ...task, point: place.point }).ended : killedInFlight(task, place.inFlight, place.arrives)

const shown = (answer: Answer): string => {
  if ('value' in answer) return `${answer.value} (${answer.status})`
  return 'code' in answer ? answer.code : answer.error
}

const statusOf = async ({ tableName }: Office, { key }: Purchase): Promise<string | undefined> =>
  (await readItem(tableName, deriveRecordKey({ operation: 'sales', tenant: 't', key })))?.status?.S

const PIECES = 5

const play = async (office: Office, shop: Shop, { place, isSoldOut }: Case): Promise<Story> => {
  const purchase: Purchase = { key: randomUUID(), article: randomUUID() }
  await shop.stock(purchase.article, isSoldOut === true ? 0 : PIECES)
  const killedBy = await killed({ office, purchase }, place)
  const rowsAtOnce = await shop.has(purchase.key)
  if (isSoldOut === true) await shop.stock(purchase.article, PIECES)
  const retry = clerk('a retry', office)
  const atOnce = await retry(purchase)
  const otherPayload = await retry({ ...purchase, quantity: 2 })
  if ('retryAfterSeconds' in atOnce) await sleep((atOnce.retryAfterSeconds ?? 0) * 1_000)
  const afterTheLease = await retry(purchase)
  const third = await retry(purchase)
  return {
    killedBy,
    rowsAtOnce,
    atOnce: shown(atOnce),
    otherPayload: shown(otherPayload),
    afterTheLease: shown(afterTheLease),
    third: shown(third),
    left: await shop.left(purchase.article),
    recordAndRows: [await statusOf(office, purchase), await shop.has(purchase.key)],
  }
}

const stories = new Map<Case, Story>()

beforeAll(async () => {
  const [tableName, shop] = await Promise.all([freshTable(), openShop()])
  const waiting = [...CASES]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const office = { endpoint: databaseEndpoint(), tableName, shopTable: shop.tableName, client: next.client }
      stories.set(next, await play(office, shop, next))
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
}, 180_000)

afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

test.each(CASES)('I23 a process that is killed $name leaves rows and answer, or neither ($client)', (asked) => {
  const { expected } = asked
  const story = stories.get(asked)
  expect(story).toEqual({
    ...expected,
    killedBy: 'SIGKILL',
    otherPayload: 'key-reused',
    // One piece is sold and one row is there, however often the request was sent.
    left: PIECES - 1,
    recordAndRows: ['SUCCEEDED', true],
  })
})
