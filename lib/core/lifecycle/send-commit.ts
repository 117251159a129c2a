import { storeFailed } from '../events.ts'
import type { Claim } from '../record/claim.ts'
import type { Commit, CommitAnswer } from '../record/store.ts'
import type { Settings } from '../settings.ts'
import { type Millis, millis } from '../time.ts'
import { commitBudget } from './budget.ts'
import type { InvocationTimes } from './request.ts'

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
  const { runtime } = settings
  let wanted = commit
  let isInDoubt = false
  for (let tried = 1; ; tried++) {
    const span = commitBudget(now(), deadline)
    if (span <= 0) return { answer: UNANSWERED, isInDoubt }
    const answer = await send(settings, claim, wanted, span)
    isInDoubt ||= leavesDoubt(answer)
    if (isFinal(answer)) return { answer, isInDoubt }
    if (tried === TRIES) return { answer: UNANSWERED, isInDoubt }
    // A new token is safe: the record's condition keeps the commit from being applied twice.
    if (answer.kind === 'tokenUsed') wanted = { ...wanted, requestToken: runtime.randomToken() }
    await runtime.sleep(pauseAfter(settings, answer, tried))
  }
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

/** Whether a send may still be applied after this answer. */
const leavesDoubt = (answer: CommitAnswer | Unanswered): boolean =>
  answer.kind === 'unanswered' || answer.kind === 'underWay' || ('isOnlySend' in answer && !answer.isOnlySend)

const pauseAfter = ({ runtime }: Settings, { kind }: CommitAnswer | Unanswered, tried: number): Millis =>
  kind === 'underWay'
    ? millis(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tried - 1)))
    : millis(BACKOFF * tried * (0.5 + runtime.random()))
