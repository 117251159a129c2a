import { StoreMisconfiguredError } from '../../../lib/core/errors.ts'
import type { Store } from '../../../lib/core/record/store.ts'
import { DeadlineSignal } from '../deadline-signal.ts'
import type { Invocation } from '../invocation.ts'
import { applied } from '../ledger.ts'
import { describeClaim } from '../narrative.ts'
import { hold, withToken } from '../request-token.ts'
import { numberIn } from '../shop.ts'
import { doubt } from '../stock.ts'
import type { World } from '../world.ts'
import { isStale } from './fate.ts'
import { exchange } from './virtual-client.ts'

const error = new StoreMisconfiguredError('denied')
const DENIED = { kind: 'mistaken', error, setUp: error, isOnlySend: true } as const

/** A request under way is applied even if its sender has died. */
const ON_ITS_WAY = new DeadlineSignal().asAbortSignal()

/** How one invocation reaches the world's store, through a client that sends twice. */
export const networkStore = (world: World, invocation: Invocation): Store => {
  const { store } = world
  const { id } = invocation
  return {
    skew: store.skew,
    outcomeRoom: store.outcomeRoom,

    claim: (claim, signal) =>
      exchange(world, invocation, signal, {
        purpose: 'claim',
        what: () => `claims as ${describeClaim(claim)}`,
        act: (sent, stray) =>
          applied(world, { by: 'claim', invocation: id, claim, sent, stray: stray() }, () =>
            store.claim(claim, ON_ITS_WAY),
          ),
      }),

    takeOver: (seen, claim, signal) =>
      exchange(world, invocation, signal, {
        purpose: 'claim',
        what: () => `takes over as ${describeClaim(claim)}`,
        act: (sent, stray) =>
          applied(world, { by: 'takeOver', invocation: id, claim, sent, stray: stray() }, () =>
            store.takeOver(seen, claim, ON_ITS_WAY),
          ),
      }),

    renew: (claim, renewal, signal) =>
      exchange(world, invocation, signal, {
        purpose: 'renew',
        what: () => `renews ${claim.claimToken}`,
        act: (sent, stray) =>
          applied(world, { by: 'renew', invocation: id, claim, sent, stray: stray() }, () =>
            store.renew(claim, renewal, ON_ITS_WAY),
          ),
      }),

    nextGeneration: (claim, next, signal) =>
      exchange(world, invocation, signal, {
        purpose: 'settle',
        what: () => `begins the next generation with ${claim.claimToken}`,
        act: (sent, stray) =>
          applied(world, { by: 'nextGeneration', invocation: id, claim, sent, stray: stray() }, () =>
            store.nextGeneration(claim, next, ON_ITS_WAY),
          ),
      }),

    checkpoint: (claim, checkpoint, signal) =>
      exchange(world, invocation, signal, {
        purpose: 'settle',
        what: () => `keeps ${[...checkpoint.steps.keys()].join(', ')} under ${claim.claimToken}`,
        act: (sent, stray) =>
          applied(world, { by: 'checkpoint', invocation: id, claim, sent, stray: stray() }, () =>
            store.checkpoint(claim, checkpoint, ON_ITS_WAY),
          ),
      }),

    commit: (claim, commit, signal) =>
      exchange(world, invocation, signal, {
        purpose: 'commit',
        what: () => `commits ${claim.claimToken} with order ${numberIn(commit.items)}`,
        act: (sent, stray) =>
          withToken(world, commit, () =>
            applied(
              world,
              { by: commit.put === undefined ? 'commit' : 'put', invocation: id, claim, sent, stray: stray() },
              () => store.commit(claim, commit, ON_ITS_WAY),
            ),
          ),
        commit: {
          doubt: () => doubt(world, commit.items),
          hold: () => hold(world, commit.requestToken),
          refused: (fate) => (fate === 'busy' ? { kind: 'busy', isOnlySend: true } : DENIED),
          after: (answer, sends) => {
            if (answer.kind === 'lost') return sends === 1 ? answer : { ...answer, isOnlySend: false }
            return 'isOnlySend' in answer ? { ...answer, isOnlySend: sends === 1 } : answer
          },
        },
      }),

    settle: (claim, settlement, signal) =>
      exchange(world, invocation, signal, {
        purpose: 'settle',
        what: () => `settles ${claim.claimToken} as ${settlement.kind}`,
        act: (sent, stray) =>
          applied(
            world,
            { by: 'settle', settlement: settlement.kind, invocation: id, claim, sent, stray: stray() },
            () => store.settle(claim, settlement, ON_ITS_WAY),
          ),
      }),

    peek: (recordKey, signal) =>
      exchange(world, invocation, signal, {
        purpose: 'peek',
        what: () => 'peeks',
        act: () => (isStale(world) ? Promise.resolve(world.replaced.record) : store.peek(recordKey, ON_ITS_WAY)),
      }),
  }
}
