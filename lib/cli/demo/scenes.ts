import type { Reply, Shop } from './shop.ts'

/** Something that happens to every shop. */
export interface Scene {
  readonly name: string
  readonly story: string
  /** How many charges the customer expects. */
  readonly wanted: number
  /** Returns every answer that a client got, in order. */
  play(shop: Shop): Promise<readonly Reply[]>
}

const CLICKS = 20

/** The lease of a Lambda with a timeout of 30 s ends 1 s after it, and 2 s more are for clocks that differ. */
const UNTIL_THE_LEASE_IS_OVER = 34

export const SCENES: readonly Scene[] = [
  {
    name: 'a retry',
    story: 'The client is impatient, and sends its payment again.',
    wanted: 1,
    play: async (shop) => [await shop.pay('order-1', 20), await shop.pay('order-1', 20)],
  },
  {
    name: '20 parallel clicks',
    story: 'The customer clicks 20 times at once. Clients that are refused with a 409 retry a moment later.',
    wanted: 1,
    play: async (shop) => {
      const clicks = await Promise.all(Array.from({ length: CLICKS }, () => shop.pay('order-2', 20)))
      const refused = clicks.filter((reply) => reply?.status === 409)
      return [...clicks, ...(await Promise.all(refused.map(() => shop.pay('order-2', 20))))]
    },
  },
  {
    name: 'a lost answer',
    story: 'The payment is made, the network loses the answer, and the client sends it again.',
    wanted: 1,
    play: async (shop) => {
      await shop.pay('order-3', 20)
      return [await shop.pay('order-3', 20)]
    },
  },
  {
    name: 'another body',
    story: 'A bug in the client sends 200 instead of 20 with the same key.',
    wanted: 1,
    play: async (shop) => [await shop.pay('order-4', 20), await shop.pay('order-4', 200)],
  },
  {
    name: 'a crash',
    story: 'The process dies after the charge and before its answer is recorded. The client retries a minute later.',
    wanted: 1,
    play: async (shop) => {
      const first = await shop.pay('order-5', 20, 'crash')
      await shop.wait(UNTIL_THE_LEASE_IS_OVER)
      return [first, await shop.pay('order-5', 20)]
    },
  },
]
