import { ClaimLostError, StoreUnavailableError } from '../errors.ts'
import { aboutClaim } from '../events.ts'
import { encodeOutcome, outcomeIsReplayable, outcomeOf } from '../outcome/outcome.ts'
import type { ClaimEnding } from '../outcome/outcome-policy.ts'
import { mintToken } from '../record/claim.ts'
import type { Commit, Settlement, TransactItem } from '../record/store.ts'
import type { Settings } from '../settings.ts'
import { later } from '../time.ts'
import type { CommitLog, Committed, Transacted } from './effects.ts'
import { type HeldClaim, hasLapsed } from './held-claim.ts'
import type { CommittedAnswer } from './request.ts'
import { type SentCommit, sendCommit } from './send-commit.ts'
import { settleAs, settlementOf } from './settle.ts'
import type { SettleResult } from './settle-result.ts'

/** The transactions of one run of a claim. */
export const createCommitLog = (settings: Settings, held: HeldClaim): CommitLog => {
  const { store, runtime, emit } = settings
  const { claim, request, heartbeat, lost } = held
  /** A commit may have been applied. */
  let isUnknown = false
  /** The handler was told that nothing was written, but a send of that commit may still be applied. */
  let isRefusedInDoubt = false
  let committed: Committed | undefined
  let underWay: Promise<unknown> | undefined

  const commitOf = (items: readonly TransactItem[], { status, outcome }: CommittedAnswer): Commit => {
    const encoded = encodeOutcome(outcome, store.outcomeRoom(claim))
    const settledAt = runtime.now()
    const expiresAt = later(settledAt, settings.retention)
    return {
      completion: { kind: 'completed', status, outcome: encoded, settledAt, expiresAt },
      items,
      requestToken: runtime.randomToken(),
    }
  }

  const transact = async <T>(items: readonly TransactItem[], answer: T): Promise<Transacted<T>> => {
    assertFree()
    if (hasLapsed(held)) throw new ClaimLostError()
    const stored = request.completionOf?.(answer) ?? { status: 'SUCCEEDED', outcome: outcomeOf(answer), value: answer }
    const turn = commit(commitOf(items, stored), stored.value)
    underWay = turn.catch(() => undefined)
    try {
      const refusal = await turn
      return refusal ?? { kind: 'committed', answer }
    } finally {
      underWay = undefined
    }
  }

  const assertFree = (): void => {
    const where = 'transact(claim, items, answer)'
    if (committed !== undefined) throw new TypeError(`${where}: this claim has ended with a commit`)
    if (underWay !== undefined) throw new TypeError(`${where}: another transaction of this claim is under way`)
    if (held.effects.steps?.isIdle() === false) throw new TypeError(`${where}: a step is still running`)
  }

  /** A renewal would be in conflict with the transaction, so the heartbeat pauses. */
  const commit = async (
    wanted: Commit,
    value: unknown,
  ): Promise<Extract<Transacted<never>, { kind: 'refused' }> | undefined> => {
    await heartbeat.pause()
    try {
      runtime.probe?.('before-commit')
      const sent = await sendCommit(settings, request, claim, wanted)
      runtime.probe?.('after-commit')
      return follow(sent, wanted, value)
    } finally {
      if (committed === undefined) heartbeat.resume()
    }
  }

  const follow = (
    { answer, isInDoubt }: SentCommit,
    { completion: { status, outcome } }: Commit,
    value: unknown,
  ): Extract<Transacted<never>, { kind: 'refused' }> | undefined => {
    if (answer.kind === 'committed') {
      committed = { kind: 'committed', value }
      heartbeat.stop()
      emit(() => ({ type: 'completed', ...aboutClaim(claim), status, replayable: outcomeIsReplayable(outcome) }))
      return undefined
    }
    if (answer.kind === 'refused') {
      isRefusedInDoubt ||= isInDoubt
      return { kind: 'refused', reasons: answer.reasons }
    }
    if (answer.kind === 'lost') {
      heartbeat.endRenewals()
      lost.abort()
      throw new ClaimLostError()
    }
    isUnknown ||= isInDoubt
    if (answer.kind === 'mistaken') throw answer.error
    throw new StoreUnavailableError('The transaction got no answer')
  }

  /** Nothing is answered that a send still under way could contradict. */
  const settle = async (ending: ClaimEnding): Promise<SettleResult> => {
    await underWay
    if (committed !== undefined) return committed
    const result = await settleAs(settings, held, () => settlementAfter(ending))
    const isAbandoned = result.kind === 'abandoned'
    const isDoubtful = isUnknown
      ? isAbandoned || result.kind === 'unstored'
      : isRefusedInDoubt && result.kind === 'unstored'
    return isDoubtful ? { kind: 'commitUnknown', isAbandoned } : result
  }

  /**
   * After a commit of unknown fate only an abandon is true. After a refusal in doubt a completion and a release refuse
   * the late send by their status, and an abandon by a token that no claim has.
   */
  const settlementAfter = (ending: ClaimEnding): Settlement => {
    const isTrue = !isUnknown || ending.kind === 'abandon'
    const settlement = settlementOf(settings, held, isTrue ? ending : { kind: 'abandon' })
    return isRefusedInDoubt && settlement.kind === 'abandoned'
      ? { ...settlement, fence: mintToken(runtime) }
      : settlement
  }

  return { transact, committed: () => committed, settle }
}
