import type { Claim } from '../../../lib/core/record/claim.ts'
import type { ClaimAnswer, Store, TakeOverAnswer } from '../../../lib/core/record/store.ts'
import type { Invocation } from '../invocation.ts'
import type { World } from '../world.ts'

/** Keeps in the invocation what it asked of its store, and what it was told that it won. */
export const watched = (world: World, invocation: Invocation, store: Store): Store => {
  const { profile } = world
  const { requests } = invocation

  const claiming = async <T extends ClaimAnswer | TakeOverAnswer>(
    claim: Claim,
    by: AbortSignal,
    ask: () => Promise<T>,
  ): Promise<T> => {
    requests.claimStep = Math.max(requests.claimStep, ++requests.inClaimStep)
    requests.writes++
    const answer = await ask()
    if (answer.kind === 'claimed' && !by.aborted) {
      invocation.won = claim
      invocation.knownLease = claim.leaseExpiresAt
    }
    if (answer.kind === 'occupied' && !by.aborted) invocation.hasContender = true
    return asTold(answer)
  }

  const asTold = <T extends { readonly kind: string }>(answer: T): T => {
    if (profile.storeTells || answer.kind !== 'occupied') return answer
    const { storeTime: _, ...rest } = answer as T & { storeTime?: unknown }
    return rest as unknown as T
  }

  return {
    skew: store.skew,
    outcomeRoom: store.outcomeRoom,
    claim: (claim, by) => claiming(claim, by, () => store.claim(claim, by)),
    takeOver: (seen, claim, by) => claiming(claim, by, () => store.takeOver(seen, claim, by)),
    renew: async (claim, to, by) => {
      world.attempts.push({ claim, at: world.timeline.now })
      const answer = await store.renew(claim, to, by)
      if (answer.kind === 'renewed' && !by.aborted)
        invocation.knownLease = Math.max(invocation.knownLease, to.leaseExpiresAt)
      return answer
    },
    settle: async (claim, as, by) => {
      requests.writes++
      const answer = await store.settle(claim, as, by)
      if (answer.kind === 'lost' && answer.record !== undefined && !by.aborted) invocation.hasContender = true
      return answer
    },
    peek: async (recordKey, by) => {
      requests.reads++
      const record = await store.peek(recordKey, by)
      if (record !== undefined && !by.aborted) invocation.hasContender = true
      return record
    },
  }
}
