/** What follows from a person's decision of a step in doubt. */
import { randomBytes } from 'node:crypto'
import { type DynamoDBClient, UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { RecordKey } from '../../lib/core/identity/record-key.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { tableKeys } from '../../lib/dynamodb/keys/index.ts'
import { reconcile, type Step, step } from '../../lib/effects/index.ts'
import type { HandlerClaim, IdempotencyError, OnceOptions, OnceRequest } from '../../lib/index.ts'
import {
  type ActResult,
  type DecideStepOptions,
  type Operator,
  type OperatorOptions,
  type StepAnswer,
  tableOperator,
} from '../../lib/operator/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { type Downstream, downstream, keptIn } from '../support/downstream.ts'
import { testClient } from '../support/dynamodb.ts'
import { gate } from '../support/http-harness.ts'
import { aRequest, ending, LEASE, openUnhurriedScene, recordKeyOf, type Scene, SKEW } from '../support/scene.ts'
import { SHOP_KEYS, shopTable } from '../support/shop-table.ts'
import { aContext, anEvent, aRecord, type Order, orderOptions, redelivered, returned } from '../support/sqs.ts'
import { storesOf } from '../support/test-store.ts'

type Claim = HandlerClaim | undefined

let scene: Scene
let calls: Downstream
beforeAll(async () => {
  scene = await openUnhurriedScene()
})
beforeEach(() => {
  scene.reset()
  calls = downstream()
})
afterAll(() => scene.close())

const reason = 'The provider was asked'
const DAY = 86_400_000
const broken = new TypeError('the socket broke')

const alice = (more: Partial<OperatorOptions> = {}): Operator =>
  tableOperator({ tableName: scene.tableName, by: 'alice', client: testClient(), now: scene.clock.now, ...more })

const found = async (recordKey: RecordKey, operator = alice()) => {
  const record = await operator.find(recordKey)
  if (record?.status !== 'IN_PROGRESS') throw new Error('There is no record in progress')
  return record
}

const decide = async (
  recordKey: RecordKey,
  decision: StepAnswer,
  more: Partial<DecideStepOptions> = {},
  operator = alice(),
): Promise<ActResult['kind']> =>
  (await operator.decideStep(await found(recordKey, operator), { step: 'mail', decision, reason, ...more })).kind

let hosts = 0
const attempt = (request: OnceRequest, run: (claim: Claim) => unknown, options: Partial<OnceOptions> = {}) =>
  ending(scene.host(`host-${++hosts}`, options).once(request, async (claim) => run(claim)))

const once = (claim: Claim, name: string, run: (step: Step) => unknown) => step(claim, name, run, { inDoubt: 'stop' })

/** An order whose mail may have been sent. */
const inDoubt = async (options: Partial<OnceOptions> = {}): Promise<OnceRequest> => {
  const request = aRequest()
  const handler = async (claim: Claim): Promise<void> => {
    await step(claim, 'charge', calls.does('ch_1'))
    await once(claim, 'mail', calls.fails(broken))
  }
  await attempt(request, handler, options)
  return request
}

const retry = (request: OnceRequest, options: Partial<OnceOptions> = {}) =>
  attempt(
    request,
    async (claim) => [await step(claim, 'charge', calls.does('ch_2')), await once(claim, 'mail', calls.does('m_2'))],
    options,
  )

const codeOf = (outcome: object): string | undefined => (outcome as { error?: IdempotencyError }).error?.code

test.each<[string, StepAnswer, readonly string[]]>([
  ['its result', { done: 'm_1' }, ['reserve', 'mail']],
  ['another run of it', { rerun: true }, ['reserve', 'mail', 'mail']],
])('F10 a message that was poison runs again once its step has %s', async (_, decision, runs) => {
  let run = calls.fails(broken) as (step: Step) => unknown
  const options = orderOptions(scene.tableName, { maxRuns: 1 })
  const worker = sqsHandler<Order>(async (_message, claim) => {
    await step(claim, 'reserve', calls.does(1))
    await once(claim, 'mail', run)
  }, options)
  const message = anEvent(aRecord('o-1'))
  expect(returned(await worker(message, aContext()))).toEqual(['o-1'])
  expect(returned(await worker(redelivered(message), aContext()))).toEqual(['o-1'])
  const poisoned = options.events.find(({ type }) => type === 'poisoned') as unknown as { recordKey: RecordKey }
  expect(await decide(poisoned.recordKey, decision)).toBe('done')
  run = calls.does('m_2')
  expect(returned(await worker(message, aContext()))).toEqual([])
  expect(calls.runs).toEqual(runs)
  expect(await scene.read(poisoned.recordKey)).toMatchObject({ status: 'SUCCEEDED' })
})

test('TTL does not sweep the decision before a late retry', async () => {
  const recordKey = recordKeyOf(await inDoubt())
  scene.clock.advance(DAY)
  await decide(recordKey, { done: 'm_1' })
  const { expiresAt = 0 } = await found(recordKey)
  expect(expiresAt - scene.clock.now()).toBeGreaterThan(14 * DAY)
})

test('a record that TTL never sweeps stays so', async () => {
  const recordKey = recordKeyOf(await inDoubt({ rerunWithinSeconds: 3_600 }))
  await decide(recordKey, { done: 'm_1' })
  expect((await found(recordKey)).expiresAt).toBeUndefined()
})

test('a promise as the result is awaited', async () => {
  const request = await inDoubt()
  await decide(recordKeyOf(request), { done: Promise.resolve({ id: 'm_1' }) })
  expect(await retry(request)).toMatchObject({ value: { value: ['ch_1', { id: 'm_1' }] } })
})

test.each([undefined, null, false, 0, '', Buffer.from('sent')])('the result %p comes back', async (done) => {
  const request = await inDoubt()
  await decide(recordKeyOf(request), { done })
  const again = await attempt(request, (claim) => once(claim, 'mail', calls.does('m_2')))
  expect(again).toEqual({ value: { value: done, status: 'created' } })
  expect(calls.runs).toEqual(['charge', 'mail'])
})

test('each of several steps in doubt waits for its own decision', async () => {
  const request = aRequest()
  const key = recordKeyOf(request)
  const all = (runOf: (name: string) => (step: Step) => unknown) => (claim: Claim) =>
    Promise.all(['a', 'b', 'c'].map((name) => once(claim, name, runOf(name))))
  await attempt(
    request,
    all(() => calls.fails(broken)),
  )
  await decide(key, { done: 'by hand' }, { step: 'b' })
  expect(codeOf(await attempt(request, all(calls.does)))).toBe('outcome-unknown')
  await decide(key, { rerun: true }, { step: 'a' })
  await decide(key, { rerun: true }, { step: 'c' })
  expect(await attempt(request, all(calls.does))).toMatchObject({ value: { value: ['a', 'by hand', 'c'] } })
  expect(calls.runs).toEqual(['a', 'b', 'c', 'a', 'c'])
})

/** A client that notes the updates, and sends none of them once it is cut off. */
const noting = () => {
  const client = testClient()
  const sent: UpdateItemCommandInput[] = []
  const line = { isCut: false }
  const send = async (command: UpdateItemCommand, options: object): Promise<unknown> => {
    if (command instanceof UpdateItemCommand) {
      sent.push(command.input)
      if (line.isCut) throw Object.assign(new Error('no answer'), { name: 'TimeoutError' })
    }
    return client.send(command, options)
  }
  return { sent, line, client: { send } as unknown as DynamoDBClient }
}

describe.each<[string, StepAnswer]>([
  ['its result', { done: 'm_1' }],
  ['another run of it', { rerun: true }],
])('after a person gave a step %s', (_, decision) => {
  test.each([
    ['the only step', false],
    ['a step after another', true],
  ])('no write of the owner that arrives late changes the record: %s', async (__, hasCharge) => {
    const request = aRequest()
    const { sent, line, client } = noting()
    const store = dynamoDbStore({ tableName: scene.tableName, client })
    const run = async (claim: Claim): Promise<void> => {
      if (hasCharge) await step(claim, 'charge', calls.does('ch_1'))
      await once(claim, 'mail', () => {
        line.isCut = true
        return 'late'
      })
      throw broken
    }
    await attempt(request, run, { store })
    scene.clock.advance(LEASE + SKEW + 1_000)
    expect(await decide(recordKeyOf(request), decision)).toBe('done')
    const decided = await found(recordKeyOf(request))
    expect(sent.length).toBeGreaterThan(2)
    for (const input of sent)
      await expect(testClient().send(new UpdateItemCommand(input))).rejects.toThrow('conditional')
    expect(await found(recordKeyOf(request))).toEqual(decided)
  })
})

test('an owner that is alive, despite its lease, keeps no result, and starts no other step', async () => {
  const request = aRequest()
  const [sent, end] = [gate(), gate()]
  const owner = attempt(request, async (claim) => {
    await once(claim, 'mail', async () => {
      sent.open()
      await end.opened
      return 'late'
    })
    await step(claim, 'after', calls.does(1))
  })
  await sent.opened
  expect(await decide(recordKeyOf(request), { done: 'by hand' })).toBe('refused')
  expect(await decide(recordKeyOf(request), { done: 'by hand' }, { despiteLiveLease: true })).toBe('done')
  end.open()
  expect(codeOf(await owner)).toBe('in-progress')
  expect(calls.runs).toEqual([])
  scene.clock.advance(LEASE + SKEW + 1_000)
  expect(await attempt(request, (claim) => once(claim, 'mail', calls.does(1)))).toMatchObject({
    value: { value: 'by hand' },
  })
})

test('a store without the SDK goes on from a decision', async () => {
  const store = storesOf('lean').testStore({ tableName: scene.tableName })
  const kept = await inDoubt({ store })
  await decide(recordKeyOf(kept), { done: { id: 'm_1' } })
  expect(await retry(kept, { store })).toMatchObject({ value: { value: ['ch_1', { id: 'm_1' }] } })
  const only = aRequest()
  await attempt(only, (claim) => once(claim, 'mail', calls.fails(broken)), { store })
  await decide(recordKeyOf(only), { rerun: true })
  expect(keptIn(await found(recordKeyOf(only)))).toBeUndefined()
  expect(await attempt(only, (claim) => once(claim, 'mail', calls.does('m_2')), { store })).toMatchObject({
    value: { value: 'm_2' },
  })
})

test('a table with other key names is decided too', async () => {
  const [tableName, keys] = [await shopTable(), tableKeys(SHOP_KEYS)]
  const store = dynamoDbStore({ tableName, client: testClient(), keys })
  const request = await inDoubt({ store })
  expect(await decide(recordKeyOf(request), { done: 'm_1' }, {}, alice({ tableName, keys }))).toBe('done')
  expect(await retry(request, { store })).toMatchObject({ value: { value: ['ch_1', 'm_1'] } })
})

test('a reconcile function is asked first, and sees the result that a person gave', async () => {
  const seen: unknown[] = []
  const abandoned = reconcile<OnceRequest>((_, claim) => {
    seen.push(claim.kept('mail'))
    return { rerun: true }
  })
  const request = await inDoubt({ abandoned })
  await decide(recordKeyOf(request), { done: 'm_1' })
  expect(await retry(request, { abandoned })).toMatchObject({ value: { value: ['ch_1', 'm_1'] } })
  expect(seen).toEqual([{ value: 'm_1' }])
})

test.each<[string, Partial<OnceOptions>]>([
  ['under hold', { abandoned: 'hold' }],
  ['after rerunWithinSeconds', { rerunWithinSeconds: 60 }],
])('a decision lets no retry run %s', async (_, options) => {
  const request = await inDoubt(options)
  await decide(recordKeyOf(request), { done: 'm_1' })
  scene.clock.advance(120_000)
  expect(codeOf(await retry(request, options))).toBe('outcome-unknown')
})

test('all results together have 64 KB, and not a byte more', async () => {
  const request = aRequest()
  const charge = randomBytes(30_000)
  await attempt(request, async (claim) => {
    await step(claim, 'charge', () => charge)
    await once(claim, 'mail', calls.fails(broken))
  })
  const most = 65_536 - Buffer.byteLength('chargemail') - 2 - charge.length - 2
  expect(await decide(recordKeyOf(request), { done: randomBytes(most + 1) })).toBe('refused')
  expect(await decide(recordKeyOf(request), { done: randomBytes(most) })).toBe('done')
  expect(await attempt(request, (claim) => step(claim, 'charge', calls.does(1)))).toMatchObject({
    value: { value: charge },
  })
})
