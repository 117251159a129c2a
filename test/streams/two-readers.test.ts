import { setTimeout as sleep } from 'node:timers/promises'
import { paginateScan } from '@aws-sdk/client-dynamodb'
import type { KinesisStreamRecord } from '../../lib/streams/index.ts'
import { freshTable, testClient } from '../support/dynamodb.ts'
import { aKinesisRecord, kinesisReader } from '../support/streams.ts'
import { bundleWorker, startWorker, type Worker } from '../support/workers.ts'
import type { Delivery, WorkerReport, WorkerSettings } from './worker.ts'

const MESSAGES = 150
const KEYS = 5
const REMAINING = 4_000
const KILLS = 4

let program: string
let remove: () => void
beforeAll(async () => {
  ;({ program, remove } = await bundleWorker('streams'))
})
afterAll(() => remove())

/** Runs one worker at a time, and replaces a worker that was killed. */
const createFunction = (settings: WorkerSettings) => {
  let worker: Worker | undefined
  const running = async (): Promise<Worker> => {
    if (worker === undefined || worker.process.signalCode !== null)
      worker = await startWorker(program, settings, () => {})
    return worker
  }
  return {
    /** Rejects if the function throws, or dies. */
    invoke: async (event: { Records: readonly KinesisStreamRecord[] }): Promise<object> => {
      const { process } = await running()
      return new Promise((resolve, reject) => {
        const onReport = (report: WorkerReport): void => {
          if (report.kind === 'answered') end(() => resolve(report.answer))
          if (report.kind === 'threw') end(() => reject(new Error(report.error)))
        }
        const onExit = (): void => end(() => reject(new Error('killed')))
        const end = (settle: () => void): void => {
          process.off('message', onReport)
          process.off('exit', onExit)
          settle()
        }
        process.on('message', onReport)
        process.on('exit', onExit)
        process.send({ event, remaining: REMAINING } satisfies Delivery, () => {})
      })
    },
    kill: async (): Promise<void> => worker?.kill(),
  }
}

test('F14, F19: two readers of one shard at once, whose functions are killed at random: each effect is done once, in order.', async () => {
  const [tableName, ordersTable] = await Promise.all([freshTable(), freshTable()])
  const settings = { tableName, ordersTable, operation: 'orders' }
  const records = Array.from({ length: MESSAGES }, (_, place) =>
    aKinesisRecord(`o-${place}`, place, { partitionKey: `k-${place % KEYS}` }),
  )
  const functions = [createFunction(settings), createFunction(settings)]
  const readers = functions.map((_, index) => kinesisReader(records, { batchSize: 10 + index * 5 }))
  let isRead = false
  let kills = 0
  const killing = (async () => {
    while (!isRead && kills < KILLS) {
      await sleep(200 + Math.random() * 400)
      if (isRead) return
      await functions[kills++ % 2]?.kill()
    }
  })()
  await Promise.all(
    readers.map((reader, index) => reader.readAll((event) => functions[index]?.invoke(event) ?? Promise.reject())),
  )
  isRead = true
  await killing
  await Promise.all(functions.map(({ kill }) => kill()))

  const lists: Record<string, readonly string[]> = {}
  for await (const { Items } of paginateScan({ client: testClient() }, { TableName: ordersTable })) {
    for (const item of Items ?? []) lists[item.pk?.S ?? ''] = (item.orders?.L ?? []).map(({ S }) => S ?? '')
  }
  const expected = Array.from({ length: KEYS }, (_, key) => [
    `k-${key}`,
    records.filter((_record, place) => place % KEYS === key).map((_record, index) => `o-${index * KEYS + key}`),
  ])
  expect(lists).toEqual(Object.fromEntries(expected))
  expect(kills).toBeGreaterThanOrEqual(2)
}, 180_000)
