import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { paginateScan } from '@aws-sdk/client-dynamodb'
import { freshTable, testClient } from '../support/dynamodb.ts'
import { type TestQueue, testQueue } from '../support/queue.ts'
import { bundleWorker, startWorker, type Worker } from '../support/workers.ts'
import type { Delivery, Told, WorkerSettings } from './worker.ts'

const MESSAGES = 2_000
const BATCH = 25
const REMAINING = 4_000
const VISIBILITY = 1_500
const KILLS = 12

let program: string
let remove: () => void
beforeAll(async () => {
  ;({ program, remove } = await bundleWorker())
})
afterAll(() => remove())

/** Where the seed is told, a failure can be looked at again. */
const randomOf = (seed: number) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

/** One seat for a worker: takes batches until the queue is empty; whoever sits there is replaced when it is killed. */
const createSeat = (queue: TestQueue, settings: WorkerSettings) => {
  let worker: Worker | undefined
  let threw: string | undefined

  const deliver = async (to: Worker): Promise<void> => {
    const event = queue.receive(BATCH)
    if (event.Records.length === 0) return sleep(50)
    await new Promise<void>((resolve) => {
      const hear = (told: Told): void => {
        if (told.kind === 'hidden') queue.hide(told.receiptHandle, told.seconds)
        if (told.kind === 'threw') threw = told.error
        if (told.kind === 'answered') queue.answered(event, told.failures)
        if (told.kind === 'answered' || told.kind === 'threw') done()
      }
      const done = (): void => {
        to.process.off('message', hear)
        to.process.off('exit', done)
        resolve()
      }
      to.process.on('message', hear)
      to.process.on('exit', done)
      to.process.send({ event, remaining: REMAINING } satisfies Delivery, () => {})
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

test('Two workers, killed at random, share 2,000 messages that come one to four times: each order exists once.', async () => {
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
  const seats = [createSeat(queue, settings), createSeat(queue, settings)]

  let kills = 0
  const killing = (async () => {
    while (queue.left() > 0 && kills < KILLS) {
      await sleep(100 + random() * 1_200)
      if (await seats[Math.floor(random() * 2)]?.kill()) kills++
    }
  })()
  await Promise.all(seats.map((seat) => seat.work()))
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
  // Only a run that was cut off is repeated: ten at a time, at most, in each worker that was killed.
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
      const hear = (told: Told): void => {
        if (told.kind === 'answered') resolve(told.failures)
        else if (told.kind === 'threw') reject(new Error(told.error))
        else return
        worker.process.off('message', hear)
      }
      worker.process.on('message', hear)
      worker.process.send(delivery)
    })

  // At once: whether the message goes back to the queue. Runs: how often the effect was done in the end.
  test.concurrent.each<[NonNullable<WorkerSettings['dieAt']>, 'runs' | 'returned' | 'acknowledged', number]>([
    ['before-claim', 'runs', 1],
    ['after-claim', 'returned', 1],
    ['before-handler', 'returned', 1],
    ['in-effect', 'returned', 1],
    ['after-effect', 'returned', 2],
    ['before-settle', 'returned', 2],
    ['after-settle', 'acknowledged', 1],
  ])(
    'at "%s": a redelivery at once %s; after the lease the effect is there once, done %i times.',
    async (dieAt, atOnce, runs) => {
      const [tableName, ordersTable] = await Promise.all([freshTable(), freshTable()])
      const settings = { tableName, ordersTable, operation: 'orders' }
      const event = testQueue(['{"orderId":"o-1"}'], 1_000, () => 0).receive(1)
      // There before the other dies: a process that starts slowly would meet a lease that is over.
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
