import type { KeyStorage } from '../../../lib/client/index.ts'
import { seededRandom } from '../../../proof/simulation/random.ts'
import { functionStorage } from '../../support/key-storages.ts'
import { virtualTime } from '../../support/virtual-time.ts'
import { ledger } from './ledger.ts'
import { FAULTS, network, type World } from './network.ts'
import { openPage } from './page.ts'
import { SERVERS, type ServerKind } from './servers.ts'

const CALM_AFTER_MILLIS = 600_000

interface Outcome {
  /** The ids that the tabs got. */
  readonly bought: readonly string[]
  /** The ids that the provider has charged. */
  readonly charged: readonly string[]
  readonly loads: number
}

/** A person buys one cart, in one tab or in two, and reloads the page now and then. */
const play = async (seed: number, { start, raw }: ServerKind, count: (what: string) => void): Promise<Outcome> => {
  const time = virtualTime()
  const random = seededRandom(seed)
  const world: World = { time, random, count, calmAt: time.now() + CALM_AFTER_MILLIS }
  const charges = ledger()
  const fetch = network(world, start(world, charges))
  const storage = functionStorage().storage as KeyStorage
  let loads = 0

  const shop = async (): Promise<string> => {
    for (;;) {
      loads++
      const page = openPage(world, { storage, raw, fetch })
      const reload = random.chance(0.4) && time.now() < world.calmAt
      const closed = reload ? time.sleep(random.between(0, 40_000)) : new Promise<never>(() => {})
      const id = await Promise.race([page.buy(), closed])
      page.close()
      // Sometimes the page is reloaded after the answer has come, before it is shown.
      if (typeof id === 'string' && !(time.now() < world.calmAt && random.chance(0.2))) return id
      count('page closed')
    }
  }

  const tabs = random.chance(0.3) ? [shop(), time.sleep(random.between(0, 30_000)).then(shop)] : [shop()]
  const bought = await time.until(Promise.all(tabs))
  await time.until(time.sleep(300_000)) // late requests arrive
  return { bought, charged: [...charges.charges.values()], loads }
}

test.each(SERVERS.map((server, at) => [server.name, server, at === 0 ? 1_000 : 300] as const))(
  'J12: against %s, a purchase is done exactly once, and every tab gets the same payment.',
  async (_, server, schedules) => {
    const counts = new Map<string, number>()
    const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
    for (let seed = 1; seed <= schedules; seed++) {
      const { bought, charged } = await play(seed, server, count)
      expect({ seed, charged: charged.length, bought: [...new Set(bought)] }).toEqual({
        seed,
        charged: 1,
        bought: charged,
      })
    }
    // Nothing that can go wrong was left out.
    const happened = [...counts].filter(([, times]) => times > schedules / 20).map(([what]) => what)
    expect(happened).toEqual(expect.arrayContaining([...FAULTS, ...server.doings, 'page closed']))
  },
  300_000,
)
