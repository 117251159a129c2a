import type { TransactItem } from '../../lib/core/record/store.ts'
import { happening } from './invocation.ts'
import { numberIn } from './shop.ts'
import type { World } from './world.ts'

const CHANGES = 4

/** Orders of other customers, and deliveries. */
export const changeStock = (world: World): void => {
  const { shop, profile, random, timeline } = world
  if (profile.trade === undefined) return
  shop.stock = random.pick([0, 1, 1, 3])
  for (let change = 0; change < CHANGES; change++) {
    const stock = random.pick([0, 1, 3])
    const span = random.between(0, random.pick([200, 2_000, 20_000]))
    const arrive = (): void => {
      if (!world.isCalm) shop.stock = stock
    }
    timeline.at(timeline.now + span, arrive, true)
  }
}

/** A send of this order gets no answer: its sender does not know whether it is applied. */
export const doubt = (world: World, items: readonly TransactItem[]): void => {
  world.doubts.push({ number: numberIn(items), ...happening(world) })
  sellOut(world)
}

/** While a send has no answer, another customer takes the last one. The next send is refused, and after a delivery a late one is not. */
const sellOut = ({ shop, random, timeline, isCalm }: World): void => {
  if (isCalm || !random.chance(0.5)) return
  shop.stock = 0
  timeline.at(
    timeline.now + random.between(300, 6_000),
    () => {
      shop.stock = Math.max(1, shop.stock)
    },
    true,
  )
}
