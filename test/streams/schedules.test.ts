import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { type Store, StoreUnavailableError } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { kinesisHandler, NotDoneError, TerminalError } from '../../lib/streams/index.ts'
import { freshTable, testClient } from '../support/dynamodb.ts'
import { aTimedContext } from '../support/sqs.ts'
import { aKinesisRecord, kinesisReader, type Order, streamOptions } from '../support/streams.ts'

const MESSAGES = 24
const KEYS = 4

/** A failed run names its seed. */
const randomOf = (seed: number) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

/** Refuses a share of the claims, as a store does that is down for a while. */
const faulty = (store: Store, random: () => number): Store => ({
  ...store,
  claim: async (...given) => {
    if (random() < 0.05) throw new StoreUnavailableError('down')
    return store.claim(...given)
  },
})

/**
 * One shard, read to its end by a reader that batches, halves and retries, under a schedule of failures before the effect,
 * after it, and of messages that can never succeed. The effect goes by the downstream key, as a payment does.
 */
const readShard = async (seed: number, store: Store): Promise<number> => {
  const random = randomOf(seed)
  const effects: { readonly key: string; readonly orderId: string; readonly partitionKey: string }[] = []
  const runs: string[] = []
  const letters: string[] = []
  const terminal = new Set([Math.floor(random() * MESSAGES)].map((place) => `o-${place}`))
  const { options } = streamOptions(faulty(store, random))
  const context = () => aTimedContext(60_000)
  let current = context()
  const handler = kinesisHandler<Order>(
    ({ data: { orderId }, partitionKey }, claim) => {
      runs.push(orderId)
      if (terminal.has(orderId)) throw new TerminalError('never')
      if (random() < 0.1) throw new NotDoneError('not yet')
      if (random() < 0.1) throw new Error('before the effect')
      const key = claim?.downstreamKey('order') ?? ''
      if (!effects.some((effect) => effect.key === key)) effects.push({ key, orderId, partitionKey })
      if (random() < 0.1) throw new Error('after the effect')
      if (random() < 0.05) current.pass(50_000)
    },
    {
      ...options,
      maxRuns: 50,
      marginSeconds: 20,
      deadLetter: async ({ messageId, reason }) => {
        if (random() < 0.3) throw new Error('the queue is down')
        letters.push(`${reason} ${messageId}`)
      },
      ...(random() < 0.5 ? { order: 'partitionKey', concurrency: 1 + Math.floor(random() * 5) } : {}),
    },
  )
  const records = Array.from({ length: MESSAGES }, (_, place) =>
    aKinesisRecord(`o-${place}`, place, { partitionKey: `k-${Math.floor(random() * KEYS)}` }),
  )
  const contextOf = () => {
    current = context()
    return current
  }
  const reader = kinesisReader(records, {
    batchSize: 1 + Math.floor(random() * 10),
    bisects: random() < 0.5,
    contextOf,
  })
  await reader.readAll(handler)

  const expected = records.filter((_, place) => !terminal.has(`o-${place}`))
  const inOrder = (key: string) => expected.filter(({ kinesis }) => kinesis.partitionKey === key).map(orderOf)
  expect({ seed, orders: effects.map(({ orderId }) => orderId).sort() }).toEqual({
    seed,
    orders: expected.map(orderOf).sort(),
  })
  for (let place = 0; place < KEYS; place++) {
    const ofKey = effects.filter(({ partitionKey }) => partitionKey === `k-${place}`).map(({ orderId }) => orderId)
    expect({ seed, ofKey }).toEqual({ seed, ofKey: inOrder(`k-${place}`) })
  }
  expect(new Set(letters).size).toBe(terminal.size)
  return runs.length
}

const orderOf = ({ kinesis }: { kinesis: { data: string } }): string =>
  (JSON.parse(Buffer.from(kinesis.data, 'base64').toString()) as Order).orderId

const FIRST = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)

test('F14, F15, F16: over 100 random schedules of failures each effect is done once, in the order of its partition key.', async () => {
  let runs = 0
  for (let seed = FIRST; seed < FIRST + 100; seed++) runs += await readShard(seed, memoryStore({ skewSeconds: 0 }))
  expect(runs).toBeGreaterThan(100 * MESSAGES * 1.2)
}, 120_000)

test('F14, F15, F16: the same holds on DynamoDB.', async () => {
  const store = dynamoDbStore({ tableName: await freshTable(), client: testClient(), skewSeconds: 0 })
  for (let seed = FIRST; seed < FIRST + 4; seed++) await readShard(seed, store)
}, 120_000)
