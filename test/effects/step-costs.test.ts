import { randomBytes } from 'node:crypto'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { itemSize } from '../../lib/dynamodb/item-size.ts'
import { step } from '../../lib/effects/index.ts'
import { once } from '../../lib/index.ts'
import { freshTable, readItem, testClient } from '../support/dynamodb.ts'
import { patientRuntime } from '../support/http-harness.ts'
import { aRequest, recordKeyOf } from '../support/scene.ts'

/** A store whose writes are noted with the units that DynamoDB charges for them. */
const measured = async () => {
  const tableName = await freshTable()
  const client = testClient()
  const units: number[] = []
  client.middlewareStack.add(
    (next) => async (args) => {
      const sent = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } as never })
      const { ConsumedCapacity } = sent.output as { ConsumedCapacity?: { CapacityUnits?: number } }
      units.push(ConsumedCapacity?.CapacityUnits ?? 0)
      return sent
    },
    { step: 'initialize' },
  )
  return { tableName, units, store: dynamoDbStore({ tableName, client }) }
}

test.each<[string, () => string, readonly number[]]>([
  ['of 100 bytes', () => randomBytes(75).toString('base64'), [1, 1, 1, 1, 1]],
  ['of 300 bytes', () => randomBytes(225).toString('base64'), [1, 1, 1, 2, 2]],
  ['of 300 bytes that can be packed', () => 'r'.repeat(300), [1, 1, 1, 1, 1]],
])(
  'I14 a claim, three steps with results %s, and a completion cost a write unit for each begun kilobyte',
  async (...row) => {
    const [, result, expected] = row
    const { tableName, units, store } = await measured()
    const request = aRequest()
    const sizes: number[] = []
    const measure = async () => void sizes.push(itemSize((await readItem(tableName, recordKeyOf(request))) ?? {}))
    const run = once({ store, operation: 'payments', runtime: patientRuntime })
    await run(request, async (claim) => {
      await measure()
      for (const name of ['reserve', 'charge', 'notify']) {
        await step(claim, name, result)
        await measure()
      }
      return { id: 'order-1' }
    })
    expect(units).toEqual(expected)
    expect(sizes.map((size) => Math.ceil(size / 1_024))).toEqual(expected.slice(0, 4))
    expect(sizes[0]).toBeLessThan(450)
  },
)

test('I14 three steps at once cost two checkpoints at most', async () => {
  const { units, store } = await measured()
  const run = once({ store, operation: 'payments', runtime: patientRuntime })
  await run(aRequest(), (claim) => Promise.all(['a', 'b', 'c'].map((name) => step(claim, name, () => 1))))
  expect(units.length).toBeLessThanOrEqual(4)
  expect(new Set(units)).toEqual(new Set([1]))
})
