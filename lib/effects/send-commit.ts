import { storeFailed } from '../core/events.ts'
import { commitBudget } from '../core/lifecycle/budget.ts'
import type { InvocationTimes } from '../core/lifecycle/request.ts'
import type { Claim } from '../core/record/claim.ts'
import type { Commit, CommitAnswer } from '../core/record/store.ts'
import type { Settings } from '../core/settings.ts'
import { later, type Millis, millis } from '../core/time.ts'

const TRIES = 5

/** The pause before the second send; it grows with each further one. */
const BACKOFF = millis(50)

/** Pauses while an earlier send is still at work: it may take seconds. */
const FIRST_WAIT = millis(100)
const LONGEST_WAIT = millis(1_000)

interface Unanswered {
  readonly kind: 'unanswered'
}

const UNANSWERED: Unanswered = { kind: 'unanswered' }

type Final = Extract<CommitAnswer, { kind: 'committed' | 'lost' | 'refused' | 'mistaken' }>

/** How the sends of one commit ended. `isInDoubt`: one of them may still be applied. */
export interface SentCommit {
  readonly answer: Final | Unanswered
  readonly isInDoubt: boolean
}

/**
 * Sends a commit until it has a final answer: the same request each time, so that it is applied once at most while
 * DynamoDB remembers its token.
 */
export const sendCommit = async (
  settings: Settings,
  { now, deadline }: InvocationTimes,
  claim: Claim,
  commit: Commit,
): Promise<SentCommit> => {
  const { runtime, emit } = settings
  let wanted = commit
  let isInDoubt = false
  /** Of an answer that is no fault there is no event yet. */
  let last: string = 'DeadlinePassed'
  let span = commitBudget(now(), deadline)
  for (let tried = 1; span !== undefined; tried++) {
    const answer = await send(settings, claim, wanted, span)
    last = answer.kind
    isInDoubt ||= leavesDoubt(answer)
    if (isFinal(answer)) return { answer, isInDoubt }
    const pause = pauseAfter(settings, answer, tried)
    if (tried === TRIES || commitBudget(later(now(), pause), deadline) === undefined) break
    // A new token is safe: the record's condition keeps the commit from being applied twice.
    if (answer.kind === 'tokenUsed') wanted = { ...wanted, requestToken: runtime.randomToken() }
    await runtime.sleep(pause)
    span = commitBudget(now(), deadline)
  }
  if (last !== 'unanswered') emit(() => ({ ...storeFailed(claim.recordKey, 'commit', undefined), error: last }))
  return { answer: UNANSWERED, isInDoubt }
}

const send = async (
  { runtime, store, emit }: Settings,
  claim: Claim,
  commit: Commit,
  span: Millis,
): Promise<CommitAnswer | Unanswered> => {
  try {
    return await runtime.withDeadline(span, (signal) => store.commit(claim, commit, signal))
  } catch (error) {
    emit(() => storeFailed(claim.recordKey, 'commit', error))
    return UNANSWERED
  }
}

const isFinal = (answer: CommitAnswer | Unanswered): answer is Final =>
  ['committed', 'lost', 'refused', 'mistaken'].includes(answer.kind)

/** Whether a send may still be applied after this answer. A token that is used is that of an earlier send. */
const leavesDoubt = (answer: CommitAnswer | Unanswered): boolean =>
  ['unanswered', 'underWay', 'tokenUsed'].includes(answer.kind) || ('isOnlySend' in answer && !answer.isOnlySend)

const pauseAfter = ({ runtime }: Settings, { kind }: CommitAnswer | Unanswered, tried: number): Millis =>
  kind === 'underWay'
    ? millis(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tried - 1)))
    : millis(BACKOFF * tried * (0.5 + runtime.random()))
