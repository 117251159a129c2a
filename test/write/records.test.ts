import { deriveFingerprint } from '../../lib/core/identity/fingerprint.ts'
import { canonicalPayload } from '../../lib/core/identity/payload.ts'
import { reconcile } from '../../lib/effects/index.ts'
import { type IdempotencyError, type OnceRequest, type StoredRecord, TerminalError } from '../../lib/index.ts'
import { auditOf, tableOperator } from '../../lib/operator/index.ts'
import type { OnceWriteOptions } from '../../lib/write/index.ts'
import { testClient } from '../support/dynamodb.ts'
import { fakeClock } from '../support/fake-runtime.ts'
import { arrivesLate } from '../support/fault-proxy.ts'
import { gate } from '../support/http-harness.ts'
import { aRequest, ending, openScene, recordKeyOf, type Scene, UNHURRIED } from '../support/scene.ts'
import { openShop, type Shop } from '../support/shop.ts'
import {
  afterTheLease,
  anOrder,
  aWriter,
  besideOnce,
  commits,
  leave,
  type Order,
  planOf,
  recordOf,
  resetAhead,
  said,
  steps,
} from './writing.ts'

let scene: Scene
let shop: Shop
beforeAll(async () => {
  scene = await openScene(UNHURRIED)
  shop = await openShop()
})
beforeEach(() => resetAhead(scene))
afterAll(() => scene.close())

const aStockedOrder = async (pieces = 3): Promise<Order> => {
  const order = anOrder()
  await shop.stock(order.article, pieces)
  return order
}

const write = (request: OnceRequest, order: Order, options?: Partial<OnceWriteOptions>) =>
  said(aWriter(scene, options).write(request, () => planOf(shop, order)))

/** Another process runs under the key until `end` is called. */
const aLiveClaim = async (request: OnceRequest) => {
  const [started, over] = [gate(), gate()]
  const running = ending(
    besideOnce(scene)(request, async () => {
      started.open()
      await over.opened
      return { ran: true }
    }),
  )
  await Promise.race([started.opened, running])
  return {
    end: () => {
      over.open()
      return running
    },
  }
}

describe('I33 A one-shot write beside a live claim of its key', () => {
  test('is a conflict with the time left, and writes nothing. After the claim it replays its answer', async () => {
    const request = aRequest()
    const order = await aStockedOrder()
    const other = await aLiveClaim(request)
    const refused = await ending(aWriter(scene).write(request, () => planOf(shop, order)))
    expect(refused).toEqual({ error: expect.objectContaining({ code: 'in-progress', retryAfterSeconds: 34 }) })
    expect(await shop.has(order.id)).toBe(false)
    expect(await other.end()).toEqual({ value: { value: { ran: true }, status: 'created' } })
    expect(await write(request, order)).toBe('replayed ran')
    expect(await shop.has(order.id)).toBe(false)
  })

  test('judges by the store’s clock: a host whose own clock is a minute ahead is refused too', async () => {
    const request = aRequest()
    const order = await aStockedOrder()
    const other = await aLiveClaim(request)
    const ahead = fakeClock()
    ahead.advance(60_000)
    const { write: writeAhead } = aWriter(scene, {}, { clock: ahead })
    expect(await said(writeAhead(request, () => planOf(shop, order)))).toBe('in-progress')
    expect(await shop.has(order.id)).toBe(false)
    await other.end()
  })

  test('of another payload is a mismatch', async () => {
    const request = aRequest()
    const other = await aLiveClaim(request)
    expect(await write({ ...request, payload: 'other' }, await aStockedOrder())).toBe('key-reused')
    await other.end()
  })

  test('whose lease ends takes the record over, and the late owner answers what is written', async () => {
    const request = aRequest()
    const order = await aStockedOrder()
    const other = await aLiveClaim(request)
    afterTheLease(scene)
    expect(await write(request, order)).toBe('created ordered')
    expect(await other.end()).toEqual({ value: { value: { ordered: order.id }, status: 'replayed' } })
    expect(await recordOf(scene, request)).toMatchObject({ status: 'SUCCEEDED', attempt: 2, generation: 1 })
  })
})

const ask = reconcile(() => {
  throw new Error('a one-shot write cannot ask')
})

/** What becomes of a one-shot write over an abandoned record, which is some seconds old. */
const POLICIES: readonly (readonly [string, Partial<OnceWriteOptions>, string])[] = [
  ['rerun', {}, 'created ordered'],
  ['rerun, within a window that fits', { rerunWithinSeconds: 120 }, 'created ordered'],
  ['rerun, within a window that is over', { rerunWithinSeconds: 60 }, 'outcome-unknown'],
  ['hold', { abandoned: 'hold' }, 'outcome-unknown'],
  ['reconcile', { abandoned: ask }, 'outcome-unknown'],
  ['reconcile, within a window that fits', { abandoned: ask, rerunWithinSeconds: 120 }, 'created ordered'],
  ['reconcile, within a window that is over', { abandoned: ask, rerunWithinSeconds: 60 }, 'outcome-unknown'],
]

describe('I33 A one-shot write over an abandoned record', () => {
  test.each(POLICIES)('under %s', async (_, options, told) => {
    const request = aRequest()
    const order = await aStockedOrder()
    await leave(scene, request, 'abandoned')
    const before = await recordOf(scene, request)
    scene.clock.advance(40_000)
    const writer = aWriter(scene, options)
    expect(await said(writer.write(request, () => planOf(shop, order)))).toBe(told)
    const isWritten = told.startsWith('created')
    expect(await shop.has(order.id)).toBe(isWritten)
    if (isWritten)
      expect(await recordOf(scene, request)).toMatchObject({ status: 'SUCCEEDED', attempt: 2, generation: 1 })
    else {
      expect(await recordOf(scene, request)).toEqual(before)
      expect(writer.eventTypes()).toEqual(['outcomeUnknown'])
    }
  })

  test('of another payload is a mismatch under every policy', async () => {
    const request = aRequest()
    await leave(scene, request, 'abandoned')
    for (const [, options] of POLICIES)
      expect(await write({ ...request, payload: 'other' }, await aStockedOrder(), options)).toBe('key-reused')
  })

  test('that is refused leaves it abandoned, and says so', async () => {
    const request = aRequest()
    await leave(scene, request, 'abandoned')
    const before = await recordOf(scene, request)
    expect(await write(request, await aStockedOrder(0))).toBe('abandoned refused')
    expect(await recordOf(scene, request)).toEqual(before)
    expect(await write({ ...request, payload: 'other' }, await aStockedOrder())).toBe('key-reused')
  })

  test('that is refused behind a fence leaves it in doubt, in its generation, for its own payload only', async () => {
    const request = aRequest()
    const order = await aStockedOrder(0)
    await leave(scene, request, 'abandoned')
    scene.proxy.script({ step: 'commit', nth: 2, fault: arrivesLate })
    expect(await write(request, order)).toBe('abandoned refused')
    expect(steps(scene).slice(-2)).toEqual(['takeOver', 'abandon'])
    const record = await recordOf(scene, request)
    expect(record).toMatchObject({ status: 'IN_PROGRESS', generation: 1, attempt: 2 })
    expect(record).not.toMatchObject({ leaseExpiresAt: expect.any(Number) })
    expect(await scene.proxy.deliver()).toEqual([400])
    expect(await write({ ...request, payload: 'other' }, await aStockedOrder())).toBe('key-reused')
    expect(await write(request, order, { abandoned: 'hold' })).toBe('outcome-unknown')
  })
})

describe('A one-shot write over', () => {
  test('a released record takes it over for any payload, in the next generation', async () => {
    const request = aRequest()
    const order = await aStockedOrder()
    await leave(scene, request, 'released')
    expect(await write({ ...request, payload: 'other' }, order)).toBe('created ordered')
    expect(await recordOf(scene, request)).toMatchObject({
      status: 'SUCCEEDED',
      attempt: 2,
      generation: 2,
      revision: 3,
    })
  })

  test('an expired record begins anew, for any payload', async () => {
    const request = aRequest()
    const order = await aStockedOrder()
    await leave(scene, request, 'expired')
    expect(await write({ ...request, payload: 'other' }, order)).toBe('created ordered')
    expect(await recordOf(scene, request)).toMatchObject({ status: 'SUCCEEDED', attempt: 1, generation: 1 })
  })

  test('an expired record that TTL deletes meanwhile begins anew', async () => {
    const request = aRequest()
    const order = await aStockedOrder()
    await leave(scene, request, 'expired')
    const first = () => scene.sweep(recordKeyOf(request))
    scene.proxy.script({ step: 'commit', nth: 2, fault: { first } })
    const writer = aWriter(scene)
    let plans = 0
    const plan = () => {
      plans++
      return planOf(shop, order)
    }
    expect(await said(writer.write(request, plan))).toBe('created ordered')
    expect([plans, commits(scene)]).toEqual([3, 3])
    expect(await shop.left(order.article)).toBe(2)
  })

  test('a stored TerminalError throws it again', async () => {
    const request = aRequest()
    await ending(
      besideOnce(scene)(request, () => {
        throw new TerminalError('never')
      }),
    )
    expect(await write(request, await aStockedOrder())).toBe('TerminalError: never')
  })

  test('a record that other processes keep changing ends in a conflict after five sends', async () => {
    const request = aRequest()
    const order = await aStockedOrder()
    await leave(scene, request, 'released')
    const first = () => leave(scene, request, 'released')
    scene.proxy.script({ step: 'commit', fault: { first } })
    const error = await aWriter(scene)
      .write(request, () => planOf(shop, order))
      .catch((cause: IdempotencyError) => cause)
    expect(error).toMatchObject({ code: 'in-progress', retryAfterSeconds: 1 })
    expect(commits(scene)).toBe(5)
    expect(await shop.has(order.id)).toBe(false)
  })
})

describe('A one-shot write of the other payload of an approved override', () => {
  const other = { amount: 999 }

  /** A completed request, under whose key two persons let the other payload run. */
  const overridden = async (request: OnceRequest): Promise<void> => {
    await besideOnce(scene)(request, () => ({ first: 1 }))
    const person = (by: string) =>
      tableOperator({ tableName: scene.tableName, by, client: testClient(), now: scene.clock.now })
    const fingerprint = deriveFingerprint([{ kind: 'canonical', text: canonicalPayload(other) }])
    const found = async () => (await recordOf(scene, request)) as StoredRecord
    await person('alice').propose(await found(), { fingerprint, reason: 'a typing error' })
    await person('bob').approve(await found(), { reason: 'seen' })
  }

  test('replaces the record, in the next generation, and keeps what persons did', async () => {
    const request = aRequest()
    const order = await aStockedOrder()
    await overridden(request)
    expect(await write({ ...request, payload: other }, order)).toBe('created ordered')
    const record = (await recordOf(scene, request)) as StoredRecord
    expect(record).toMatchObject({ status: 'SUCCEEDED', attempt: 2, generation: 2 })
    expect(auditOf(record).map(({ act }) => act)).toEqual(['propose', 'approve'])
    expect(await write(request, order)).toBe('key-reused')
  })

  test('that is refused leaves the stored answer and the override', async () => {
    const request = aRequest()
    await overridden(request)
    const before = await recordOf(scene, request)
    expect(await write({ ...request, payload: other }, await aStockedOrder(0))).toBe('released refused')
    expect(await recordOf(scene, request)).toEqual(before)
  })

  test('I32 that is refused in doubt gets 503: no fence may erase the stored answer', async () => {
    const request = aRequest()
    const order = await aStockedOrder(0)
    await overridden(request)
    const before = await recordOf(scene, request)
    scene.proxy.script({ step: 'commit', nth: 2, fault: arrivesLate })
    expect(await write({ ...request, payload: other }, order)).toBe('idempotency-unavailable')
    expect(await recordOf(scene, request)).toEqual(before)
    await shop.stock(order.article, 1)
    expect(await scene.proxy.deliver()).toEqual([200])
    expect(await write({ ...request, payload: other }, order)).toBe('replayed ordered')
  })
})

test('the record of a one-shot write is one that every entry replays', async () => {
  const request = aRequest()
  const order = await aStockedOrder()
  await write(request, order)
  const { clock } = scene
  expect(await recordOf(scene, request)).toEqual({
    recordKey: recordKeyOf(request),
    status: 'SUCCEEDED',
    fingerprint: expect.stringMatching(/^1:/),
    claimToken: expect.any(String),
    revision: 1,
    attempt: 1,
    generation: 1,
    createdAt: clock.now(),
    settledAt: clock.now(),
    expiresAt: clock.now() + 86_400_000,
    outcome: expect.any(Uint8Array),
  })
  const { value } = await besideOnce(scene)(request, () => 'not run')
  expect(value).toEqual({ ordered: order.id })
})
