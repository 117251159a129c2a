import type { Store } from '../../../lib/core/record/store.ts'
import { DeadlineSignal } from '../deadline-signal.ts'
import type { Invocation } from '../invocation.ts'
import { applied } from '../ledger.ts'
import { describeClaim } from '../narrative.ts'
import type { World } from '../world.ts'
import { isStale } from './fate.ts'
import { exchange } from './virtual-client.ts'

/** What is under way is applied whatever has become of its sender. */
const ON_ITS_WAY = new DeadlineSignal().asAbortSignal()

/** The world's store as one invocation reaches it, by a client that sends twice. */
export const networkStore = (world: World, invocation: Invocation): Store => {
  const { store } = world
  const { id } = invocation
  return {
    skew: store.skew,
    outcomeRoom: store.outcomeRoom,

    claim: (claim, by) =>
      exchange(world, invocation, by, {
        purpose: 'claim',
        what: () => `claims as ${describeClaim(claim)}`,
        act: (sent, stray) =>
          applied(world, { by: 'claim', invocation: id, claim, sent, stray: stray() }, () =>
            store.claim(claim, ON_ITS_WAY),
          ),
      }),

    takeOver: (seen, claim, by) =>
      exchange(world, invocation, by, {
        purpose: 'claim',
        what: () => `takes over as ${describeClaim(claim)}`,
        act: (sent, stray) =>
          applied(world, { by: 'takeOver', invocation: id, claim, sent, stray: stray() }, () =>
            store.takeOver(seen, claim, ON_ITS_WAY),
          ),
      }),

    renew: (claim, to, by) =>
      exchange(world, invocation, by, {
        purpose: 'renew',
        what: () => `renews ${claim.claimToken}`,
        act: (sent, stray) =>
          applied(world, { by: 'renew', invocation: id, claim, sent, stray: stray() }, () =>
            store.renew(claim, to, ON_ITS_WAY),
          ),
      }),

    settle: (claim, as, by) =>
      exchange(world, invocation, by, {
        purpose: 'settle',
        what: () => `settles ${claim.claimToken} as ${as.kind}`,
        act: (sent, stray) =>
          applied(world, { by: 'settle', as: as.kind, invocation: id, claim, sent, stray: stray() }, () =>
            store.settle(claim, as, ON_ITS_WAY),
          ),
      }),

    peek: (recordKey, by) =>
      exchange(world, invocation, by, {
        purpose: 'peek',
        what: () => 'looks',
        act: () => (isStale(world) ? Promise.resolve(world.replaced.record) : store.peek(recordKey, ON_ITS_WAY)),
      }),
  }
}
