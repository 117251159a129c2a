import type { OnceRequest } from '../../lib/index.ts'
import type { Plan } from '../../lib/write/index.ts'
import { arrivesLate, type Rule } from '../support/fault-proxy.ts'
import { aRequest, openScene, recordKeyOf, type Scene, UNHURRIED } from '../support/scene.ts'
import { openShop, type Shop } from '../support/shop.ts'
import type { Step } from '../support/store-step.ts'
import {
  afterTheLease,
  anOrder,
  aWriter,
  leave,
  type Order,
  PRIORS,
  planOf,
  recordOf,
  resetAhead,
  said,
} from './writing.ts'

let scene: Scene
let shop: Shop
beforeAll(async () => {
  scene = await openScene(UNHURRIED)
  shop = await openShop()
})
beforeEach(() => resetAhead(scene))
afterAll(() => scene.close())

/** When the network delivers the send that it has kept. */
const ARRIVALS = ['before the second send', 'before the fence', 'before the give-up', 'after the answer'] as const
type Arrival = (typeof ARRIVALS)[number]

/** When TTL deletes the record that the first send would replace. */
const SWEEPS = ['never', 'before the second send', 'before the fence'] as const
type Sweep = (typeof SWEEPS)[number]

/** What the request says when it cannot or will not write. */
const ENDS: Readonly<Record<string, (order: Order) => Plan>> = {
  'a refusal': (order) => planOf(shop, order),
  'an answer of its own': () => ({ answer: { 'its own': true } }),
  'a throw': () => {
    throw new Error('no such article')
  },
  'a bad plan': () => ({ items: [], answer: 1 }) as never,
}

/** The requests of the caller have these steps of the store, in this order. */
const hooked = (
  attack: number,
  at: Readonly<Record<Exclude<Arrival, 'after the answer'>, () => Promise<unknown>>>,
): Rule[] => {
  const fence = (step: Step): Rule => ({ step, nth: 1, fault: { first: at['before the fence'] } })
  const giveUp = (step: Step): Rule => ({ step, nth: 1, fault: { first: at['before the give-up'] } })
  return [
    { step: 'commit', nth: attack, fault: arrivesLate },
    { step: 'commit', nth: attack + 1, fault: { first: at['before the second send'] } },
    fence('claim'),
    fence('takeOver'),
    giveUp('release'),
    giveUp('abandon'),
  ]
}

/** Delivers the kept sends at a moment at which the condition of the plan holds. */
const deliver = async ({ article }: Order): Promise<void> => {
  await shop.stock(article, 1)
  await scene.proxy.deliver()
  if ((await shop.left(article)) === 1) await shop.stock(article, 0)
}

/** What the caller was told is true: of a refused request nothing is stored, of a written one all is. */
const expectTrue = async (told: string, request: OnceRequest, order: Order): Promise<void> => {
  const isWritten = await shop.has(order.id)
  const record = await recordOf(scene, request)
  expect({ isWritten, isSettled: record?.status === 'SUCCEEDED' }).toEqual(
    told.endsWith('ordered') ? { isWritten: true, isSettled: true } : { isWritten: false, isSettled: false },
  )
  scene.proxy.script()
  afterTheLease(scene)
  await shop.stock(order.article, 1)
  const again = await said(aWriter(scene).write(request, () => planOf(shop, order)))
  expect(again).toBe(isWritten ? 'replayed ordered' : 'created ordered')
}

const CASES = PRIORS.flatMap((prior) =>
  ARRIVALS.flatMap((arrival) =>
    (prior === 'nothing' ? SWEEPS.slice(0, 1) : SWEEPS).map((sweep) => ({ prior, arrival, sweep })),
  ),
)

/** Whether the kept send is applied when it arrives: before the fence, and while the record that it replaces is there. */
const isApplied = (arrival: Arrival, sweep: Sweep): boolean =>
  (arrival === 'before the second send' && sweep !== arrival) || (arrival === 'before the fence' && sweep === 'never')

test.each(CASES)(
  'I32 a send over $prior that arrives $arrival, with TTL deleting the record $sweep: a caller that is refused finds nothing written',
  async ({ prior, arrival, sweep }) => {
    const request = aRequest()
    const order = anOrder()
    await shop.stock(order.article, 0)
    await leave(scene, request, prior)
    const at = (moment: Exclude<Arrival, 'after the answer'>) => async () => {
      if (sweep === moment) await scene.sweep(recordKeyOf(request))
      if (arrival === moment) await deliver(order)
    }
    scene.proxy.script(
      ...hooked(prior === 'nothing' ? 1 : 2, {
        'before the second send': at('before the second send'),
        'before the fence': at('before the fence'),
        'before the give-up': at('before the give-up'),
      }),
    )
    const told = await said(aWriter(scene).write(request, () => planOf(shop, order)))
    await deliver(order)
    expect(told).toBe(
      isApplied(arrival, sweep)
        ? `${arrival === 'before the second send' ? 'created' : 'replayed'} ordered`
        : `${prior === 'abandoned' && sweep === 'never' ? 'abandoned' : 'released'} refused`,
    )
    await expectTrue(told, request, order)
  },
)

/** The first send is kept. The second finds a record that another call has left, and the plan is made again. */
const SECOND_PLANS = (['expired', 'released', 'abandoned'] as const).flatMap((found) =>
  (['before the fence', 'before the give-up', 'after the answer'] as const).flatMap((arrival) =>
    ([true, false] as const).flatMap((isSwept) => Object.keys(ENDS).map((end) => ({ found, arrival, isSwept, end }))),
  ),
)

const TOLD: Readonly<Record<string, RegExp>> = {
  'a refusal': /refused$/,
  'an answer of its own': /its own$/,
  'a throw': /^Error: no such article$/,
  'a bad plan': /^TypeError: A one-shot write: items must be an array/,
}

test.each(SECOND_PLANS)(
  'I32 a first send that arrives $arrival, after a second send that met a record that is $found (deleted then: $isSwept): $end is true',
  async ({ found, arrival, isSwept, end }) => {
    const request = aRequest()
    const order = anOrder()
    await shop.stock(order.article, 0)
    scene.proxy.script(
      { step: 'commit', nth: 1, fault: arrivesLate },
      { step: 'commit', nth: 2, fault: { first: () => leave(scene, request, found) } },
      ...(['claim', 'takeOver'] as const).map(
        (step): Rule => ({
          step,
          nth: 1,
          fault: {
            first: async () => {
              if (isSwept) await scene.sweep(recordKeyOf(request))
              if (arrival === 'before the fence') await deliver(order)
            },
          },
        }),
      ),
      ...(['release', 'abandon'] as const).map(
        (step): Rule => ({
          step,
          nth: 1,
          fault: { first: () => (arrival === 'before the give-up' ? deliver(order) : undefined) },
        }),
      ),
    )
    let plans = 0
    const told = await said(
      aWriter(scene).write(request, () => (++plans === 1 ? planOf(shop, order) : (ENDS[end]?.(order) as Plan))),
    )
    await deliver(order)
    if (isSwept && arrival === 'before the fence') expect(told).toBe('replayed ordered')
    else expect(told).toMatch(TOLD[end] as RegExp)
    await expectTrue(told, request, order)
  },
)

test.each([
  ['before the next send', 'replayed ordered'],
  ['before the fence', 'replayed ordered'],
  ['after the answer', 'released refused'],
])(
  'I32 a first send that arrives %s, after a second that met an expired record which TTL deletes before a third: %s',
  async (arrival, expected) => {
    const request = aRequest()
    const order = anOrder()
    await shop.stock(order.article, 0)
    const arriveIf = (moment: string) => (arrival === moment ? deliver(order) : undefined)
    scene.proxy.script(
      { step: 'commit', nth: 1, fault: arrivesLate },
      { step: 'commit', nth: 2, fault: { first: () => leave(scene, request, 'expired') } },
      { step: 'commit', nth: 3, fault: { first: () => scene.sweep(recordKeyOf(request)) } },
      { step: 'commit', nth: 4, fault: { first: () => arriveIf('before the next send') } },
      { step: 'claim', nth: 1, fault: { first: () => arriveIf('before the fence') } },
    )
    const told = await said(aWriter(scene).write(request, () => planOf(shop, order)))
    await deliver(order)
    expect(told).toBe(expected)
    await expectTrue(told, request, order)
  },
)
