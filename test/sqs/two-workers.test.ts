import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { paginateScan } from '@aws-sdk/client-dynamodb'
import { freshTable, testClient } from '../support/dynamodb.ts'
import { type TestQueue, testQueue } from '../support/queue.ts'
import { bundleWorker, startWorker, type Worker } from '../support/workers.ts'
import type { Delivery, WorkerReport, WorkerSettings } from './worker.ts'

const MESSAGES = 2_000
const BATCH = 25
const REMAINING = 4_000
const VISIBILITY = 1_500
const KILLS = 12

let program: string
let remove: () => void
beforeAll(async () => {
  ;({ program, remove } = await bundleWorker('sqs'))
})
afterAll(() => remove())

/** A failed run names its seed, so it can be repeated with TEST_SEED. */
const randomOf = (seed: number) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

/** Runs one worker at a time until the queue is empty. Replaces a worker that was killed. */
const createPost = (queue: TestQueue, settings: WorkerSettings) => {
  let worker: Worker | undefined
  let threw: string | undefined

  const deliver = async (recipient: Worker): Promise<void> => {
    const event = queue.receive(BATCH)
    if (event.Records.length === 0) return sleep(50)
    await new Promise<void>((resolve) => {
      const onReport = (report: WorkerReport): void => {
        if (report.kind === 'hidden') queue.hide(report.receiptHandle, report.seconds)
        if (report.kind === 'threw') threw = report.error
        if (report.kind === 'answered') queue.answered(event, report.failures)
        if (report.kind === 'answered' || report.kind === 'threw') done()
      }
      const done = (): void => {
        recipient.process.off('message', onReport)
        recipient.process.off('exit', done)
        resolve()
      }
      recipient.process.on('message', onReport)
      recipient.process.on('exit', done)
      recipient.process.send({ event, remaining: REMAINING } satisfies Delivery, () => {})
    })
  }

  return {
    work: async (): Promise<void> => {
      while (queue.left() > 0 && threw === undefined) {
        if (worker === undefined || worker.process.signalCode !== null) {
          worker = await startWorker(program, settings, () => {})
        }
        await deliver(worker)
      }
      await worker?.kill()
      if (threw !== undefined) throw new Error(threw)
    },
    kill: async (): Promise<boolean> => {
      if (worker === undefined || worker.process.signalCode !== null) return false
      await worker.kill()
      return true
    },
  }
}

test('Two workers that are killed at random share 2,000 messages, each delivered one to four times: each order exists once.', async () => {
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)
  const random = randomOf(seed)
  const orders = Array.from({ length: MESSAGES }, (_, index) => `o-${index}`)
  const queue = testQueue(
    orders.map((orderId) => JSON.stringify({ orderId })),
    VISIBILITY,
    random,
  )
  const [tableName, ordersTable] = await Promise.all([freshTable(), freshTable()])
  const settings = { tableName, ordersTable, operation: `orders-${randomUUID()}` }
  const posts = [createPost(queue, settings), createPost(queue, settings)]

  let kills = 0
  const killing = (async () => {
    while (queue.left() > 0 && kills < KILLS) {
      await sleep(100 + random() * 1_200)
      if (await posts[Math.floor(random() * 2)]?.kill()) kills++
    }
  })()
  await Promise.all(posts.map((post) => post.work()))
  await killing

  const rows: { orderId: string; runs: number }[] = []
  for await (const { Items } of paginateScan({ client: testClient() }, { TableName: ordersTable })) {
    for (const item of Items ?? []) rows.push({ orderId: item.orderId?.S ?? '', runs: Number(item.runs?.N) })
  }
  const runs = rows.reduce((sum, row) => sum + row.runs, 0)
  const found = { seed, orders: new Set(rows.map(({ orderId }) => orderId)).size, rows: rows.length }
  expect(found).toEqual({ seed, orders: MESSAGES, rows: MESSAGES })
  expect(kills).toBeGreaterThanOrEqual(3)
  expect(queue.deliveries()).toBeGreaterThan(MESSAGES * 2)
  // Only an interrupted run is repeated: at most ten in each killed worker.
  expect(runs).toBeGreaterThanOrEqual(MESSAGES)
  expect(runs - MESSAGES).toBeLessThanOrEqual(kills * 10)
}, 180_000)

describe('C8: a worker killed (SIGKILL)', () => {
  const dead = async (dieAt: WorkerSettings['dieAt'], settings: WorkerSettings, delivery: Delivery): Promise<void> => {
    const worker = await startWorker(program, { ...settings, ...(dieAt === undefined ? {} : { dieAt }) }, () => {})
    const gone = once(worker.process, 'exit')
    worker.process.send(delivery)
    const [, signal] = await gone
    expect(signal).toBe('SIGKILL')
  }

  const answerOf = async (worker: Worker, delivery: Delivery): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      const onReport = (report: WorkerReport): void => {
        if (report.kind === 'answered') resolve(report.failures)
        else if (report.kind === 'threw') reject(new Error(report.error))
        else return
        worker.process.off('message', onReport)
      }
      worker.process.on('message', onReport)
      worker.process.send(delivery)
    })

  // atOnce: what a redelivery right after the kill does. runs: how often the effect was done in the end.
  test.concurrent.each<[NonNullable<WorkerSettings['dieAt']>, 'runs' | 'returned' | 'acknowledged', number]>([
    ['before-claim', 'runs', 1],
    ['after-claim', 'returned', 1],
    ['before-handler', 'returned', 1],
    ['in-effect', 'returned', 1],
    ['after-effect', 'returned', 2],
    ['before-settle', 'returned', 2],
    ['after-settle', 'acknowledged', 1],
  ])(
    'at "%s": an immediate redelivery %s; after the lease one order exists, written %i times.',
    async (dieAt, atOnce, runs) => {
      const [tableName, ordersTable] = await Promise.all([freshTable(), freshTable()])
      const settings = { tableName, ordersTable, operation: 'orders' }
      const event = testQueue(['{"orderId":"o-1"}'], 1_000, () => 0).receive(1)
      // It starts before the other is killed: if it started slowly, the lease would have ended.
      const worker = await startWorker(program, settings, () => {})
      await dead(dieAt, settings, { event, remaining: 3_000 })

      const again = { event, remaining: 10_000 }
      expect(await answerOf(worker, again)).toEqual(atOnce === 'returned' ? ['m-0'] : [])
      if (atOnce === 'returned') {
        await sleep(5_500)
        expect(await answerOf(worker, again)).toEqual([])
      }
      expect(await answerOf(worker, again)).toEqual([])
      await worker.kill()

      const rows = []
      for await (const { Items } of paginateScan({ client: testClient() }, { TableName: ordersTable })) {
        rows.push(...(Items ?? []))
      }
      expect(rows.map((row) => Number(row.runs?.N))).toEqual([runs])
    },
  )
})
