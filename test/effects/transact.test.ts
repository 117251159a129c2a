import { transact } from '../../lib/effects/index.ts'
import type { HandlerClaim, IdempotencyError } from '../../lib/index.ts'
import { freshTable, readItem } from '../support/dynamodb.ts'
import { resetAfter, resetBefore } from '../support/fault-proxy.ts'
import { aRequest, ending, LEASE, openScene, recordKeyOf, type Scene, SKEW } from '../support/scene.ts'

let scene: Scene
let orders: string
beforeAll(async () => {
  scene = await openScene()
  orders = await freshTable()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

type Claim = HandlerClaim | undefined

const order = (id: string, condition = 'attribute_not_exists(pk)') => ({
  Put: { TableName: orders, Item: { pk: { S: id } }, ConditionExpression: condition },
})

let count = 0
const anOrder = () => `order-${++count}`

const transacting = (id: string, condition?: string) => async (claim: Claim) => {
  const done = await transact(claim, [order(id, condition)], { id })
  return done.kind === 'committed' ? done.answer : { soldOut: id, code: done.reasons[0]?.code }
}

test('I23 the rows and the answer are stored together, and a retry gets the answer', async () => {
  const request = aRequest()
  const id = anOrder()
  const host = scene.host('one')
  expect(await host.once(request, transacting(id))).toEqual({ value: { id }, status: 'created' })
  expect(await readItem(orders, id)).toBeDefined()
  expect((await scene.read(recordKeyOf(request)))?.status).toBe('SUCCEEDED')
  expect(await scene.host('two').once(request, transacting(id))).toEqual({ value: { id }, status: 'replayed' })
})

test('I25 a condition that does not hold refuses, and the handler goes on', async () => {
  const request = aRequest()
  const id = anOrder()
  const host = scene.host('one')
  const { value } = await host.once(request, transacting(id, 'attribute_exists(pk)'))
  expect(value).toEqual({ soldOut: id, code: 'ConditionalCheckFailed' })
  expect(await readItem(orders, id)).toBeUndefined()
})

test('I24 an answer that is lost: the second send finds the commit', async () => {
  const request = aRequest()
  const id = anOrder()
  scene.proxy.script({ step: 'commit', nth: 1, fault: resetAfter })
  expect(await scene.host('one').once(request, transacting(id))).toEqual({ value: { id }, status: 'created' })
  expect(await readItem(orders, id)).toBeDefined()
})

test('I28 a throw after the commit: the caller gets the committed answer', async () => {
  const request = aRequest()
  const id = anOrder()
  const host = scene.host('one')
  const ran = await host.once(request, async (claim) => {
    await transacting(id)(claim)
    throw new TypeError('late')
  })
  expect(ran).toEqual({ value: { id }, status: 'created' })
  expect(host.eventTypes()).toEqual(['claimed', 'completed', 'answerIgnored'])
})

test('I27 no answer at all: the caller gets 503, and a retry runs', async () => {
  const request = aRequest()
  const id = anOrder()
  scene.proxy.script({ step: 'commit', fault: resetBefore })
  const first = await ending(
    scene.host('one').once(request, async (claim) => {
      await transacting(id)(claim).catch(() => undefined)
      return { id: 'my own' }
    }),
  )
  expect((first as { error: IdempotencyError }).error).toMatchObject({ code: 'idempotency-unavailable' })
  scene.proxy.script()
  scene.clock.advance(LEASE + SKEW + 1_000)
  expect(await scene.host('two').once(request, transacting(id))).toEqual({ value: { id }, status: 'created' })
})
