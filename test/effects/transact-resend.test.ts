import { transact } from '../../lib/effects/index.ts'
import type { HandlerClaim } from '../../lib/index.ts'
import {
  arrivesLate,
  cancelled,
  denied,
  type Fault,
  resetBefore,
  throttled,
  throughputExceeded,
  tokenMismatch,
  transactionInProgress,
} from '../support/fault-proxy.ts'
import { aRequest, ending, openScene, recordKeyOf, remaining, type Scene, UNHURRIED } from '../support/scene.ts'
import { aName, openShop, type Shop } from '../support/shop.ts'

let scene: Scene
let shop: Shop
beforeAll(async () => {
  scene = await openScene(UNHURRIED)
  shop = await openShop()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

type Claim = HandlerClaim | undefined

const sends = () => scene.proxy.seen.filter(({ step }) => step === 'commit').length

/** The handler takes an error of its transaction for a failure, and answers something else. */
const ordering = (id: string) => async (claim: Claim) => {
  const done = await ending(transact(claim, [shop.order(id), shop.order(`${id}-line`)], 'ordered'))
  if ('value' in done) return 'ignored'
  return { error: (done.error as Error).name }
}

/** The client sends each of these again by itself, or not. In the first case it cannot tell whether a send was applied. */
const PASSING: readonly (readonly [string, Fault])[] = [
  ['a conflict over the record', cancelled('TransactionConflict', 'None', 'None')],
  ['a conflict over an item', cancelled('None', 'None', 'TransactionConflict')],
  [
    'a conflict, and a condition that does not hold',
    cancelled('None', 'ConditionalCheckFailed', 'TransactionConflict'),
  ],
  ['a throttled item', cancelled('None', 'ThrottlingError', 'None')],
  ['an item with too little capacity', cancelled('None', 'ProvisionedThroughputExceeded', 'None')],
]

const SENT_AGAIN_BY_THE_CLIENT: readonly (readonly [string, Fault])[] = [
  ['throttling', throttled],
  ['too little capacity', throughputExceeded],
  ['an earlier send at work', transactionInProgress],
]

const OF_THE_TOKEN: readonly (readonly [string, Fault])[] = [['another request under its token', tokenMismatch]]

describe('I29 A transaction that is not applied because of', () => {
  test.each([...PASSING, ...SENT_AGAIN_BY_THE_CLIENT, ...OF_THE_TOKEN])(
    '%s, once, is sent again and committed',
    async (_, fault) => {
      const request = aRequest()
      const id = aName()
      scene.proxy.script({ step: 'commit', nth: 1, fault })
      expect(await scene.host('one').once(request, ordering(id))).toEqual({ value: 'ordered', status: 'created' })
      expect([await shop.has(id), await shop.has(`${id}-line`)]).toEqual([true, true])
      expect(sends()).toBe(2)
    },
  )

  test.each(PASSING)(
    '%s, for ever, is sent five times; nothing was applied, so the handler goes on',
    async (_, fault) => {
      const request = aRequest()
      const id = aName()
      scene.proxy.script({ step: 'commit', fault })
      const host = scene.host('one')
      expect(await host.once(request, ordering(id))).toEqual({
        value: { error: 'TransactionUnansweredError' },
        status: 'created',
      })
      expect(sends()).toBe(5)
      expect(host.runtime.slept).toEqual([50, 100, 150, 200])
      expect(await shop.has(id)).toBe(false)
    },
  )

  test.each([...SENT_AGAIN_BY_THE_CLIENT, ...OF_THE_TOKEN])(
    '%s, for ever, is sent a few times; a send may be applied, so the caller gets 503 and a retry runs at once',
    async (_, fault) => {
      const request = aRequest()
      const id = aName()
      scene.proxy.script({ step: 'commit', fault })
      const host = scene.host('one')
      const told = await ending(host.once(request, ordering(id)))
      expect(told).toEqual({ error: expect.objectContaining({ code: 'idempotency-unavailable' }) })
      expect(sends()).toBeLessThanOrEqual(10)
      scene.proxy.script()
      expect(await scene.host('two').once(request, ordering(id))).toEqual({ value: 'ordered', status: 'created' })
    },
  )
})

test('I29 while an earlier send is at work, the pauses grow from 100 ms to 1 s', async () => {
  scene.proxy.script({ step: 'commit', fault: transactionInProgress })
  const host = scene.host('one')
  await ending(host.once(aRequest(), ordering(aName())))
  expect(host.runtime.slept.slice(0, 4)).toEqual([100, 200, 400, 800])
})

test('I29 a token that is taken for another request’s is replaced, and the record’s condition prevents two commits', async () => {
  const request = aRequest()
  const [id, article] = [aName(), aName('article')]
  await shop.stock(article, 5)
  scene.proxy.script({ step: 'commit', nth: 1, fault: { ...tokenMismatch, apply: 'now' } })
  const ran = await scene
    .host('one')
    .once(request, (claim) => transact(claim, [shop.order(id), shop.take(article)], id))
  expect(ran).toEqual({ value: id, status: 'created' })
  expect(await shop.left(article)).toBe(4)
})

test('I29, I32 a send whose token is taken for another request’s may still be applied: a refusal after it is in doubt', async () => {
  const request = aRequest()
  const article = aName('article')
  await shop.stock(article, 0)
  scene.proxy.script({ step: 'commit', nth: 1, fault: { ...tokenMismatch, apply: 'late' } })
  const told = await ending(
    scene.host('one').once(request, async (claim) => {
      expect((await transact(claim, [shop.take(article)], 'ordered')).kind).toBe('refused')
      await shop.stock(article, 1)
      throw new RangeError('sold out')
    }),
  )
  expect(told).toEqual({ error: expect.any(RangeError) })
  expect(await scene.proxy.deliver()).toEqual([400])
  expect(await shop.left(article)).toBe(1)
})

describe('I29 A transaction that cannot be right', () => {
  const missing = () => ({ Put: { TableName: `${shop.tableName}-missing`, Item: { pk: { S: 'x' } } } })
  const invalid = () => ({ Put: { TableName: shop.tableName, Item: { pk: { N: '1' } } } })

  test.each([
    ['for a table that does not exist', () => [missing()], /ResourceNotFound|TransactionCanceled/],
    ['with an item that is not valid', () => [invalid()], /ValidationException|TransactionCanceled/],
  ])('%s rejects with DynamoDB’s own error, and leaves the claim as it was', async (_, items, name) => {
    const request = aRequest()
    const host = scene.host('one')
    const ran = await host.once(request, async (claim) => {
      const done = await ending(transact(claim, items(), 'ordered'))
      return 'error' in done ? (done.error as Error).name : done.value.kind
    })
    expect(ran).toEqual({ value: expect.stringMatching(name), status: 'created' })
    expect(sends()).toBe(1)
    expect(host.eventTypes()).toEqual(['claimed', 'completed'])
  })

  /** DynamoDB's words for the same item twice. DynamoDB Local does not check it. */
  const TWICE = 'Transaction request cannot include multiple operations on one item'

  test('with the same item twice rejects with DynamoDB’s own error, and leaves the claim as it was', async () => {
    const answer = { status: 400, name: 'ValidationException', message: TWICE }
    scene.proxy.script({ step: 'commit', fault: { apply: 'never', answer } })
    const ran = await scene.host('one').once(aRequest(), async (claim) => {
      const done = await ending(transact(claim, [shop.order(aName())], 'ordered'))
      return 'error' in done ? String(done.error) : done.value.kind
    })
    expect(ran).toEqual({ value: `ValidationException: ${TWICE}`, status: 'created' })
  })

  test('for a missing permission rejects with DynamoDB’s own error, and a handler that throws it abandons', async () => {
    const request = aRequest()
    scene.proxy.script({ step: 'commit', fault: denied })
    const told = await ending(scene.host('one').once(request, (claim) => transact(claim, [shop.order(aName())], 1)))
    expect(told).toEqual({ error: expect.objectContaining({ name: 'AccessDeniedException' }) })
    expect(await scene.read(recordKeyOf(request))).toMatchObject({
      status: 'IN_PROGRESS',
      lastError: 'AccessDeniedException',
    })
  })

  test('and cannot be sent at all rejects with the client’s error, and leaves the claim as it was', async () => {
    const request = aRequest()
    const cyclic: Record<string, unknown> = {}
    cyclic.M = { cyclic }
    const host = scene.host('one')
    const told = await ending(
      host.once(request, (claim) =>
        transact(claim, [{ Put: { TableName: shop.tableName, Item: { pk: { S: 'x' }, cyclic } } }], 'ordered'),
      ),
    )
    expect(sends()).toBe(0)
    expect(told).toEqual({ error: expect.any(RangeError) })
    expect(host.eventTypes()).toEqual(['claimed', 'abandoned'])
    // No fence: nothing is in doubt.
    expect(await scene.read(recordKeyOf(request))).toMatchObject({ claimToken: host.runtime.tokens[0] })
  })

  const sentBefore = [
    { step: 'commit', nth: 1, fault: arrivesLate },
    { step: 'commit', fault: denied },
  ] as const

  test('but was sent before without an answer: the handler’s answer fences the late send', async () => {
    const request = aRequest()
    const id = aName()
    scene.proxy.script(...sentBefore)
    const value = { error: 'AccessDeniedException' }
    expect(await scene.host('one').once(request, ordering(id))).toEqual({ value, status: 'created' })
    expect(await scene.proxy.deliver()).toEqual([400])
    expect(await shop.has(id)).toBe(false)
  })

  test('but was sent before without an answer, and arrives before the handler ends: it is the answer', async () => {
    const request = aRequest()
    const id = aName()
    scene.proxy.script(...sentBefore)
    const ran = await scene.host('one').once(request, async (claim) => {
      const answer = await ordering(id)(claim)
      expect(await scene.proxy.deliver()).toEqual([200])
      return answer
    })
    expect(ran).toEqual({ value: 'ordered', status: 'replayed' })
  })
})

describe('I29 The deadline is near:', () => {
  test.each([
    ['of conflicts', cancelled('None', 'TransactionConflict')],
    ['of an earlier send at work', transactionInProgress],
    ['without an answer', resetBefore],
  ])('a transaction %s leaves time for the end of its claim', async (_, fault) => {
    for (const left of [600, 900, 1_300, 2_000]) {
      scene.clock.reset()
      const deadline = scene.clock.now() + left
      let endedAt = Number.NaN
      const first = () => {
        endedAt = scene.clock.now()
      }
      scene.proxy.script({ step: 'commit', fault }, { step: 'abandon', fault: { first } })
      const request = aRequest({ context: remaining(left) })
      await ending(scene.host('one').once(request, (claim) => transact(claim, [shop.order(aName())], 1)))
      expect(sends()).toBeGreaterThan(0)
      expect(deadline - endedAt).toBeGreaterThanOrEqual(400)
    }
  })

  test('a transaction for which no time is left is not sent, so nothing is in doubt', async () => {
    const request = aRequest({ context: remaining(550) })
    const host = scene.host('one')
    expect(await host.once(request, ordering(aName()))).toEqual({
      value: { error: 'TransactionUnansweredError' },
      status: 'created',
    })
    expect(sends()).toBe(0)
  })
})
