import type { HeldClaim } from '../core/lifecycle/held-claim.ts'
import type { AbandonedClaim, Reconciled } from '../core/lifecycle/reconciliation.ts'
import { MAX_RECONCILE_RETRY_SECONDS } from '../core/limits.ts'
import { integerBetween, isObject } from '../core/option-rules.ts'
import { keptValue } from '../core/outcome/step-result.ts'
import { downstreamKey } from '../core/record/handler-claim.ts'
import type { InProgressRecord } from '../core/record/record.ts'
import { DeadlinePassed } from '../core/runtime.ts'
import type { Settings } from '../core/settings.ts'
import type { Millis } from '../core/time.ts'

/** `'unanswered'`: the time is over, and the function may still be running. */
export type Heard = Reconciled | 'unanswered'

const UNKNOWN: Reconciled = { unknown: true }

/** What the reconcile function learns of the record. */
export const abandonedClaim = (
  { claim }: HeldClaim,
  { lastError }: InProgressRecord,
  signal: AbortSignal,
): AbandonedClaim => {
  const { recordKey, attempt, generation, createdAt, generationAt = createdAt, reconciles = 0 } = claim
  const known = { recordKey, attempt, generation, reconciles, createdAt, generationAt, signal }
  const asked = {
    downstreamKey: (name: string) => downstreamKey(claim, name),
    kept: (step: string) => keptValue(claim.steps?.get(step)),
  }
  return Object.freeze({ ...known, ...asked, ...(lastError === undefined ? {} : { lastError }) })
}

/** What the function answers within its time. An error of it decides nothing. */
export const answerOf = async (
  { runtime }: Settings,
  span: Millis,
  ask: (signal: AbortSignal) => unknown,
): Promise<Heard> => {
  try {
    return await runtime.withDeadline(span, async (signal) => asReconciled(await ask(signal)))
  } catch (error) {
    if (error instanceof DeadlinePassed) return 'unanswered'
    console.error('lambda-once: the reconcile function threw an error, so nothing is decided', error)
    return UNKNOWN
  }
}

/**
 * Exactly one of the four: an answer that says two things says nothing. Each member is read once, here, where an error of
 * a getter still counts as no decision. A promise in `done` is awaited: a forgotten `await` must not store nothing.
 */
const asReconciled = async (answer: unknown): Promise<Reconciled> => {
  if (!isObject(answer)) return undecided()
  const said = (['done', 'rerun', 'notDone', 'unknown'] as const).filter((name) => name in answer)
  const [only] = said
  if (said.length !== 1 || only === undefined) return undecided()
  const value: unknown = await answer[only]
  if (only === 'done') return { done: value }
  if (value !== true) return undecided()
  if (only === 'rerun') return { rerun: true }
  if (only === 'notDone') return { notDone: true }
  return isRetryAfter(answer.retryAfterSeconds)
    ? { unknown: true, retryAfterSeconds: answer.retryAfterSeconds }
    : UNKNOWN
}

/** Without this line a slip such as `{ done: undefined, rerun: true }` would look like a downstream that never knows. */
const undecided = (): Reconciled => {
  console.error(
    'lambda-once: the reconcile function must answer exactly one of { done }, { rerun: true }, { notDone: true } and ' +
      '{ unknown: true }, so nothing is decided',
  )
  return UNKNOWN
}

const isRetryAfter = (value: unknown): value is number =>
  integerBetween(1, MAX_RECONCILE_RETRY_SECONDS)(value) === undefined
