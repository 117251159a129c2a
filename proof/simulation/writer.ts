import type { runOneShot } from '../../lib/write/one-shot.ts'
import type { Answer } from './deed.ts'
import { type Invocation, pass, say } from './invocation.ts'
import { itemsOf } from './shop.ts'
import type { World } from './world.ts'

type OneShot = Parameters<typeof runOneShot<Answer>>[2]

/** The user's plan of a one-shot write: an order, which takes one from the stock. `orders` gets the number of each try. */
export const writer = (world: World, invocation: Invocation, orders: number[]): OneShot => ({
  plan: () => {
    pass(world, invocation)
    if (!invocation.isAlive) return new Promise(() => {})
    const { isCalm, profile, random, shop } = world
    const isWilful = !isCalm && random.chance((profile.trade?.wilful ?? 0) / 4)
    if (isWilful && random.chance(0.3)) throw new RangeError('connection lost')
    if (isWilful) return { answer: { statusCode: 400, run: 0 } satisfies Answer }
    const number = ++shop.orders
    orders.push(number)
    say(world, invocation, () => `plans order ${number}`)
    return {
      items: itemsOf(number, random.chance(0.7)),
      answer: { statusCode: 201, run: 0, order: number } satisfies Answer,
      refused: () => ({ statusCode: 409, run: 0 }) satisfies Answer,
    }
  },
  toValue: (answer) => answer as Answer,
})
