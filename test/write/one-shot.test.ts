import { memoryStore } from '../../lib/memory/index.ts'
import { onceWrite, type Plan } from '../../lib/write/index.ts'
import { freshTable, readItem } from '../support/dynamodb.ts'
import { resetAfter } from '../support/fault-proxy.ts'
import { aRequest, ending, openScene, recordKeyOf, type Scene } from '../support/scene.ts'

let scene: Scene
let orders: string
beforeAll(async () => {
  scene = await openScene()
  orders = await freshTable()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const writer = () => {
  const { runtime } = scene.host('writer')
  return onceWrite({ store: scene.store, operation: 'payments', runtime })
}

let count = 0
const anOrder = () => `one-shot-${++count}`

const planOf = (id: string, condition = 'attribute_not_exists(pk)'): Plan => ({
  items: [{ Put: { TableName: orders, Item: { pk: { S: id } }, ConditionExpression: condition } }],
  answer: { id },
  refused: (reasons) => ({ refused: reasons[0]?.code }),
})

test('I31 of many parallel one-shot writes one commits, and the others replay its answer', async () => {
  const request = aRequest()
  const id = anOrder()
  const write = writer()
  await write(aRequest(), () => planOf(anOrder()))
  const results = await Promise.all(Array.from({ length: 20 }, () => write(request, () => planOf(id))))
  expect(results.filter(({ status }) => status === 'created')).toHaveLength(1)
  expect(new Set(results.map(({ value }) => JSON.stringify(value)))).toEqual(new Set([JSON.stringify({ id })]))
  expect((await scene.read(recordKeyOf(request)))?.status).toBe('SUCCEEDED')
})

test('I31 another payload under the key is refused', async () => {
  const request = aRequest()
  const write = writer()
  await write(request, () => planOf(anOrder()))
  const other = await ending(write({ ...request, payload: 2 }, () => planOf(anOrder())))
  expect(other).toEqual({ error: expect.objectContaining({ code: 'key-reused' }) })
})

test('a condition of yours that does not hold stores nothing', async () => {
  const request = aRequest()
  const write = writer()
  expect(await write(request, () => planOf(anOrder(), 'attribute_exists(pk)'))).toEqual({
    value: { refused: 'ConditionalCheckFailed' },
    status: 'released',
  })
  expect(await scene.read(recordKeyOf(request))).toBeUndefined()
})

test('a lost answer is found again', async () => {
  const id = anOrder()
  scene.proxy.script({ step: 'commit', nth: 1, fault: resetAfter })
  expect(await writer()(aRequest(), () => planOf(id))).toEqual({ value: { id }, status: 'created' })
  expect(await readItem(orders, id)).toBeDefined()
})

test('over memory, with a stand-in for the tables', async () => {
  const rows: unknown[] = []
  const store = memoryStore({ transact: (items) => void rows.push(...items) })
  const write = onceWrite({ store, operation: 'orders' })
  const request = { key: 'k', tenant: 't', payload: 1 }
  expect(await write(request, () => planOf('x'))).toEqual({ value: { id: 'x' }, status: 'created' })
  expect(await write(request, () => planOf('x'))).toEqual({ value: { id: 'x' }, status: 'replayed' })
  expect(rows).toHaveLength(1)
})
