import { type IdempotencyError, StoreMisconfiguredError } from '../core/errors.ts'
import { storeFailed } from '../core/events.ts'
import { claimBudget } from '../core/lifecycle/budget.ts'
import { giveUp } from '../core/lifecycle/give-up.ts'
import { unavailableError } from '../core/lifecycle/refusal.ts'
import type { ClaimRequest } from '../core/lifecycle/request.ts'
import type { RunResult } from '../core/lifecycle/run-result.ts'
import type { Claim } from '../core/record/claim.ts'
import type { StoredRecord } from '../core/record/record.ts'
import type { TakeOverAnswer } from '../core/record/store.ts'
import type { Settings } from '../core/settings.ts'
import type { EpochMillis } from '../core/time.ts'

type Fenced =
  /** No send of an earlier commit can be applied after this. */
  | { readonly kind: 'fenced' }
  | Extract<TakeOverAnswer, { kind: 'occupied' | 'gone' }>
  /** The store gave no answer, so a send may still be applied. */
  | Extract<RunResult<never>, { kind: 'refused' }>

/**
 * Writes a claim to the place that an earlier commit of a settled record needs, and gives it up at once: a send of that
 * commit that is still under way is refused. Over a record in doubt the give-up abandons it again.
 */
export const fence = async (
  settings: Settings,
  request: ClaimRequest,
  claim: Claim,
  over: StoredRecord | undefined,
  startedAt: EpochMillis,
): Promise<Fenced> => {
  const answer = await put(settings, request, claim, over, startedAt)
  if (answer.kind === 'occupied' || answer.kind === 'gone') return answer
  await giveUp(settings, claim)
  if (answer.kind === 'claimed') return { kind: 'fenced' }
  return { kind: 'refused', error: unfenced(answer.cause) }
}

/** Also if the set-up is at fault, a send may still be applied: "not retryable" would be false, and a retry finds out. */
const unfenced = (cause: unknown): IdempotencyError => {
  if (cause instanceof StoreMisconfiguredError) console.error(`lambda-once: a fence was refused: ${cause.message}`)
  return unavailableError({ cause })
}

interface Failed {
  readonly kind: 'failed'
  readonly cause: unknown
}

const put = async (
  { store, runtime, emit }: Settings,
  { now, deadline }: ClaimRequest,
  claim: Claim,
  over: StoredRecord | undefined,
  startedAt: EpochMillis,
): Promise<Exclude<TakeOverAnswer, { kind: 'contended' }> | Failed> => {
  // Nothing runs under it, so a retry need not wait for its end if the give-up does not arrive.
  const wanted = { ...claim, leaseExpiresAt: now() }
  try {
    const answer = await runtime.withDeadline(claimBudget(startedAt, now(), deadline), (signal) =>
      over === undefined ? store.claim(wanted, signal) : store.takeOver(over, wanted, signal),
    )
    return answer.kind === 'contended' ? { kind: 'failed', cause: undefined } : answer
  } catch (cause) {
    emit(() => storeFailed(claim.recordKey, 'claim', cause))
    return { kind: 'failed', cause }
  }
}
