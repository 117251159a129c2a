import { setTimeout as sleep } from 'node:timers/promises'
import { paginateScan } from '@aws-sdk/client-dynamodb'
import { deriveRecordKey } from '../../lib/core/identity/record-key.ts'
import { decodeOutcome, valueOfOutcome } from '../../lib/core/outcome/outcome.ts'
import { fromItem } from '../../lib/dynamodb/item.ts'
import type { ClientAnswer, History, SettledValue } from '../../lib/testing/index.ts'
import { freshTable, testClient } from '../../test/support/dynamodb.ts'
import { faultProxy } from '../../test/support/fault-proxy.ts'
import { type Random, seededRandom } from '../simulation/random.ts'
import { type Asks, openAsks } from './asks.ts'
import { type Log, openLog } from './log.ts'
import { openProcessClient, type ProcessClient } from './process-client.ts'
import { weather } from './weather.ts'
import { type Ask, OPERATION, perform, TENANT, workerOf } from './worker.ts'

export interface LoadOptions {
  readonly seconds: number
  /** Clients in this process. */
  readonly clients: number
  /** Clients in separate processes, which are killed at random. */
  readonly processes: number
  /** Called every second. */
  readonly progress?: (log: Log) => void
}

const KILL_CHANCE = 0.08
const MOST_MILLIS_TO_KILL = 150
const MOST_PAUSE_MILLIS = 30

/** Clients call while the network fails and processes die. At the end, each key is called once more without faults. */
export const load = async ({ seconds, clients, processes, progress }: LoadOptions): Promise<History> => {
  const random = seededRandom(Date.now())
  const log = openLog()
  const asks = openAsks(random)
  const tableName = await freshTable()
  const proxy = await faultProxy()
  const children: ProcessClient[] = []
  try {
    const shared = { tableName, endpoint: proxy.endpoint, log }
    const open = (_: unknown, at: number) => openProcessClient(`process ${at + 1}`, shared)
    const opened = await Promise.allSettled(Array.from({ length: processes }, open))
    for (const each of opened) if (each.status === 'fulfilled') children.push(each.value)
    for (const each of opened) if (each.status === 'rejected') throw each.reason
    const own = Array.from({ length: clients }, (_, at) => ownClient(`client ${at + 1}`, shared))
    const calls = [...own, ...children.map((child) => (ask: Ask) => child.call(ask, killAfter(random)))]
    await underFaults({ seconds, log, progress }, [
      ...calls.map((call) => (until: AbortSignal) => callOnAndOn(call, asks, random, until)),
      (until) => weather(proxy, random, until),
    ])
    await inParallel(own, asks.all())
  } finally {
    await Promise.all(children.map((child) => child.close()))
    await proxy.close()
  }
  const { operations } = log
  return { operations, runs: log.runs(), settled: await settledValues(tableName, operations) }
}

type Call = (ask: Ask) => Promise<void>

const ownClient = (name: string, shared: { tableName: string; endpoint: string; log: Log }): Call => {
  const worker = workerOf(shared.tableName, shared.endpoint)
  return async (ask) => {
    const answered = shared.log.called(name, ask)
    answered(await perform(worker, ask, shared.log.watch()))
  }
}

const killAfter = (random: Random): number | undefined =>
  random.chance(KILL_CHANCE) ? random.between(0, MOST_MILLIS_TO_KILL) : undefined

const callOnAndOn = async (call: Call, asks: Asks, random: Random, until: AbortSignal): Promise<void> => {
  while (!until.aborted) {
    await call(asks.next())
    await sleep(random.between(0, MOST_PAUSE_MILLIS))
  }
}

/** Runs the parts until the time is over or one of them fails, and waits until all have ended. */
const underFaults = async (
  { seconds, log, progress }: Pick<LoadOptions, 'seconds'> & { log: Log; progress: LoadOptions['progress'] },
  parts: readonly ((until: AbortSignal) => Promise<void>)[],
): Promise<void> => {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), seconds * 1_000)
  const ticks = setInterval(() => progress?.(log), 1_000)
  const ends = parts.map((part) => part(over.signal))
  try {
    await Promise.all(ends)
  } finally {
    over.abort()
    await Promise.allSettled(ends)
    clearTimeout(timer)
    clearInterval(ticks)
  }
}

const inParallel = async (calls: readonly Call[], asks: readonly Ask[]): Promise<void> => {
  const left = [...asks]
  await Promise.all(
    calls.map(async (call) => {
      for (let ask = left.pop(); ask !== undefined; ask = left.pop()) await call(ask)
    }),
  )
}

/** The successes in the table, with the clients' keys. */
const settledValues = async (
  tableName: string,
  operations: History['operations'],
): Promise<readonly SettledValue[]> => {
  const keys = new Map(
    operations.map(({ key }) => [deriveRecordKey({ operation: OPERATION, tenant: TENANT, key }), key] as const),
  )
  const settled: SettledValue[] = []
  for await (const { Items = [] } of paginateScan(
    { client: testClient() },
    { TableName: tableName, ConsistentRead: true },
  )) {
    for (const item of Items) {
      const record = fromItem(item)
      const key = keys.get(record.recordKey)
      if (key === undefined) throw new Error(`No client asked for ${record.recordKey}`)
      if (record.status !== 'SUCCEEDED') continue
      const outcome = decodeOutcome(record.outcome)
      settled.push({ key, value: outcome.kind === 'json' ? valueOfOutcome(outcome) : outcome.kind })
    }
  }
  return settled
}

/** Counts the answers by kind. */
export const answerCounts = ({ operations }: Pick<History, 'operations'>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { answer } of operations) {
    const name = nameOf(answer)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

const nameOf = (answer: ClientAnswer): string => {
  if (answer.kind === 'value') return answer.status
  return answer.kind === 'refused' ? answer.code : answer.kind
}
