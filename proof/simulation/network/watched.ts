import type { Claim } from '../../../lib/core/record/claim.ts'
import type { ClaimAnswer, Store, TakeOverAnswer } from '../../../lib/core/record/store.ts'
import { happening, type Invocation } from '../invocation.ts'
import type { World } from '../world.ts'

/** Records the invocation's requests to its store, and the claim that it won. */
export const watched = (world: World, invocation: Invocation, store: Store): Store => {
  const { profile } = world
  const { requests } = invocation

  /** What a call that was given up learns late is no news for the next. */
  const isOfThisCall = ({ claimToken }: Claim): boolean => invocation.callOf.get(claimToken) === invocation.calls

  const claiming = async <T extends ClaimAnswer | TakeOverAnswer>(
    claim: Claim,
    signal: AbortSignal,
    ask: () => Promise<T>,
  ): Promise<T> => {
    requests.claimStep = Math.max(requests.claimStep, ++requests.inClaimStep)
    requests.writes++
    if (!invocation.callOf.has(claim.claimToken)) invocation.callOf.set(claim.claimToken, invocation.calls)
    const answer = await ask()
    if (answer.kind === 'claimed' && !signal.aborted) {
      invocation.won = claim
      invocation.knownLease = claim.leaseExpiresAt
    }
    if (answer.kind === 'occupied' && !signal.aborted && isOfThisCall(claim)) invocation.hasContender = true
    return withoutTime(answer)
  }

  const withoutTime = <T extends { readonly kind: string }>(answer: T): T => {
    if (profile.storeReportsTime || answer.kind !== 'occupied') return answer
    const { storeTime: _, ...rest } = answer as T & { storeTime?: unknown }
    return rest as unknown as T
  }

  return {
    skew: store.skew,
    outcomeRoom: store.outcomeRoom,
    claim: (claim, signal) => claiming(claim, signal, () => store.claim(claim, signal)),
    takeOver: (seen, claim, signal) => claiming(claim, signal, () => store.takeOver(seen, claim, signal)),
    renew: async (claim, renewal, signal) => {
      world.attempts.push({ claim, at: world.timeline.now })
      const answer = await store.renew(claim, renewal, signal)
      if (answer.kind === 'renewed' && !signal.aborted)
        invocation.knownLease = Math.max(invocation.knownLease, renewal.leaseExpiresAt)
      return answer
    },
    nextGeneration: async (claim, next, signal) => {
      requests.writes++
      const answer = await store.nextGeneration(claim, next, signal)
      if (answer.kind === 'begun' && !signal.aborted)
        invocation.won = Object.freeze({
          ...claim,
          generation: claim.attempt,
          generationAt: next.generationAt,
          reconciles: undefined,
        })
      return answer
    },
    checkpoint: async (claim, checkpoint, signal) => {
      requests.checkpoints++
      const answer = await store.checkpoint(claim, checkpoint, signal)
      if (answer.kind === 'lost' && !signal.aborted) world.losses.push({ claim, ...happening(world) })
      return answer
    },
    commit: (claim, commit, signal) => {
      requests.writes++
      if (!invocation.callOf.has(claim.claimToken)) invocation.callOf.set(claim.claimToken, invocation.calls)
      return store.commit(claim, commit, signal)
    },
    settle: async (claim, settlement, signal) => {
      requests.writes++
      const answer = await store.settle(claim, settlement, signal)
      const isNews = answer.kind === 'lost' && answer.record !== undefined && !signal.aborted
      if (isNews && isOfThisCall(claim)) invocation.hasContender = true
      return answer
    },
    peek: async (recordKey, signal) => {
      requests.reads++
      const { calls } = invocation
      const record = await store.peek(recordKey, signal)
      if (record !== undefined && !signal.aborted && calls === invocation.calls) invocation.hasContender = true
      return record
    },
  }
}
