import { ClaimLostError, EffectError, TransactionUnansweredError } from '../core/errors.ts'
import { aboutClaim, causeName } from '../core/events.ts'
import { committedAnswer, completionOf, emitCompleted } from '../core/lifecycle/completion.ts'
import type { CommitLog, Transacted } from '../core/lifecycle/effects.ts'
import { type HeldClaim, hasLapsed, lose } from '../core/lifecycle/held-claim.ts'
import { unavailableError } from '../core/lifecycle/refusal.ts'
import type { CommittedAnswer } from '../core/lifecycle/request.ts'
import { unstoredError } from '../core/lifecycle/run.ts'
import type { RunResult } from '../core/lifecycle/run-result.ts'
import { settleAs, settlementOf } from '../core/lifecycle/settle.ts'
import type { OfTransaction, SettleResult } from '../core/lifecycle/settle-result.ts'
import type { ClaimEnding } from '../core/outcome/outcome-policy.ts'
import { type Claim, mintToken } from '../core/record/claim.ts'
import type { Commit, Settlement, TransactItem } from '../core/record/store.ts'
import type { Settings } from '../core/settings.ts'
import { epochMillis, millis } from '../core/time.ts'
import { commitOf } from '../dynamodb/effects/commit.ts'
import { type SentCommit, sendCommit } from './send-commit.ts'

/** How long a transaction waits for a renewal that is under way. */
const RENEWAL_BUDGET = millis(500)

/** The transactions of one run of a claim. */
export const createCommitLog = (settings: Settings, held: HeldClaim): CommitLog => {
  const { runtime } = settings
  const { claim, request, heartbeat } = held
  /** A commit may have been applied, or the record is another claim's: no answer of the handler is true. */
  let isUnknown = false
  /** The handler knows that nothing was written, but a send may still be applied: the end of the claim must fence it. */
  let needsFence = false
  let committed: OfTransaction | undefined
  /** Grows with each commit: with its outcome it distinguishes two commits of this claim. */
  let settledAt = epochMillis(0)
  let underWay: Promise<unknown> | undefined

  const nextCommit = (items: readonly TransactItem[], answer: CommittedAnswer): Commit => {
    settledAt = epochMillis(Math.max(runtime.now(), settledAt + 1))
    return commitOf({
      completion: completionOf(settings, claim, answer, settledAt),
      items,
      requestToken: runtime.randomToken(),
    })
  }

  const transact = async <T>(items: readonly TransactItem[], answer: T): Promise<Transacted<T>> => {
    assertFree()
    if (held.effects.hasEnded || hasLapsed(held)) throw new ClaimLostError()
    const stored = committedAnswer(request, answer)
    const turn = commit(nextCommit(items, stored), stored.value)
    underWay = turn.catch(() => undefined)
    try {
      const refusal = await turn
      return refusal ?? { kind: 'committed', answer }
    } finally {
      underWay = undefined
    }
  }

  const refusal = (): string | undefined => {
    if (committed !== undefined) return 'the claim has ended with a commit'
    return underWay === undefined ? undefined : 'a transaction of this claim is under way'
  }

  const assertFree = (): void => {
    const reason = refusal() ?? (held.effects.steps?.isIdle() === false ? 'a step is still running' : undefined)
    if (reason !== undefined) throw new TypeError(`transact(claim, items, answer): ${reason}`)
  }

  /** A renewal would be in conflict with the transaction, so the heartbeat pauses. A conflict is only sent again. */
  const commit = async (
    wanted: Commit,
    value: unknown,
  ): Promise<Extract<Transacted<never>, { kind: 'refused' }> | undefined> => {
    await runtime.withDeadline(RENEWAL_BUDGET, heartbeat.pause).catch(() => undefined)
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
    { completion }: Commit,
    value: unknown,
  ): Extract<Transacted<never>, { kind: 'refused' }> | undefined => {
    if (answer.kind === 'committed') {
      committed = instead({ kind: 'answered', value, status: 'completed' })
      heartbeat.stop()
      emitCompleted(settings, claim, completion)
      return undefined
    }
    if (answer.kind === 'unanswered') {
      isUnknown ||= isInDoubt
      throw new TransactionUnansweredError()
    }
    if (answer.kind === 'lost') {
      isUnknown = true
      lose(held)
      throw new ClaimLostError()
    }
    needsFence ||= isInDoubt
    if (answer.kind === 'mistaken') throw answer.error
    return { kind: 'refused', reasons: answer.reasons }
  }

  /** Nothing is answered that a send still under way could contradict. */
  const settle = async (ending: ClaimEnding): Promise<SettleResult> => {
    await underWay
    if (committed !== undefined) return committed
    const result = await settleAs(settings, held, () => settlementAfter(ending))
    if (isUnknown && result.kind === 'abandoned') return instead({ kind: 'refused', error: unavailableError() })
    if (result.kind === 'replay' && result.record.claimToken === claim.claimToken) return instead(result)
    return result.kind === 'unstored' ? (doubt() ?? result) : result
  }

  const doubt = (): OfTransaction | undefined =>
    isUnknown || needsFence || underWay !== undefined
      ? instead({ kind: 'refused', error: unstoredError(settings, held) })
      : undefined

  const instead = (ran: RunResult<unknown>): OfTransaction => ({
    kind: 'ofTransaction',
    ran,
    reportIgnored: (error) => reportIgnored(settings, claim, error),
  })

  /**
   * After a commit of unknown fate only an abandon is true. A completion and a release refuse a late send by their
   * status, and an abandon does by a token that no claim has.
   */
  const settlementAfter = (ending: ClaimEnding): Settlement => {
    const isTrue = !isUnknown || ending.kind === 'abandon'
    const settlement = settlementOf(settings, held, isTrue ? ending : { kind: 'abandon' })
    return needsFence && settlement.kind === 'abandoned' ? { ...settlement, fence: mintToken(runtime) } : settlement
  }

  return { transact, committed: () => committed, refusal, doubt, settle }
}

/** The layer's own errors say what the events say. */
const reportIgnored = ({ emit }: Settings, claim: Claim, error: unknown): void => {
  if (error instanceof EffectError) return
  console.error(
    'lambda-once: the handler threw after a transaction; the caller gets its committed answer, or 503 if it is not known',
    error,
  )
  emit(() => ({ type: 'answerIgnored', ...aboutClaim(claim), error: causeName(error) }))
}
