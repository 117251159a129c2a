import { between, type EpochMillis, earliest, fromSeconds, later, type Millis, millis } from '../time.ts'

/** Budgets: how long each call to the store may take, and what it leaves for the answer to the caller. */

/**
 * If the store does not answer a claim within this time, the fate of the claim is unknown: two attempts of the layer's
 * own client (900 ms each), and a margin. A peek before the claim is part of it.
 */
const CLAIM_BUDGET = fromSeconds(2)

/** What a claim gets, however little time is left. */
const LEAST_CLAIM_BUDGET = millis(200)

/** A peek is only a hint: most of the time belongs to the claim. */
const PEEK_BUDGET = millis(500)
const LEAST_PEEK_BUDGET = millis(100)

/** For a claim whose handler did not start: its caller is already waiting for a 503. */
export const GIVE_UP_BUDGET: Millis = millis(300)

/** What the refusal needs to leave before the invocation ends. */
const REFUSAL_MARGIN = millis(300)

/** An outcome is worth several tries: without it a retry runs the effect again. */
export const SETTLE_TRIES = { completed: 5, released: 2, abandoned: 2 } as const

/** The pause before the second try; it grows with each further one. */
export const SETTLE_BACKOFF: Millis = millis(100)

const SETTLE_BUDGET = fromSeconds(3)

/** `settle` makes one try even at the deadline: Lambda kills a function later than it says. */
const LEAST_SETTLE_BUDGET = millis(100)

/** The handler waits for a checkpoint. */
const CHECKPOINT_BUDGET = fromSeconds(1)

/** As a claim's: two attempts of the layer's own client, and a margin. */
const COMMIT_BUDGET = CLAIM_BUDGET

const LEAST_COMMIT_BUDGET = millis(100)

/** For the abandon after a commit whose fate is unknown. */
const ABANDON_MARGIN = millis(400)

/** What the handler's answer needs to leave after the settle. */
const ANSWER_MARGIN = millis(100)

/** What a waiting request needs at its end: a last peek, a claim, its give-up, and the answer. */
const WAIT_MARGIN = fromSeconds(1)

/**
 * What a claim that starts at `now` gets of the budget that began at `startedAt`. A 503 is of use only to a caller that
 * still receives it, after the claim has been given up.
 */
export const claimBudget = (startedAt: EpochMillis, now: EpochMillis, deadline: EpochMillis | undefined): Millis => {
  const left = deadline === undefined ? CLAIM_BUDGET : between(now, deadline) - GIVE_UP_BUDGET - REFUSAL_MARGIN
  return clamped(LEAST_CLAIM_BUDGET, left, millis(CLAIM_BUDGET - between(startedAt, now)))
}

/** A peek leaves at least the least claim budget for the claim that follows. */
export const peekBudget = (now: EpochMillis, deadline: EpochMillis | undefined): Millis =>
  deadline === undefined
    ? PEEK_BUDGET
    : clamped(LEAST_PEEK_BUDGET, claimBudget(now, now, deadline) - LEAST_CLAIM_BUDGET, PEEK_BUDGET)

/** What one try of a settle gets. */
export const settleBudget = (now: EpochMillis, deadline: EpochMillis | undefined): Millis =>
  deadline === undefined
    ? SETTLE_BUDGET
    : clamped(LEAST_SETTLE_BUDGET, between(now, deadline) - ANSWER_MARGIN, SETTLE_BUDGET)

/** Whether a further try of a settle, at `at`, can end before the deadline. */
export const hasTimeToSettle = (at: EpochMillis, deadline: EpochMillis | undefined): boolean =>
  deadline === undefined || between(at, deadline) > ANSWER_MARGIN + LEAST_SETTLE_BUDGET

/** What one try of a checkpoint gets: not more than leaves time for the settle. */
export const checkpointBudget = (now: EpochMillis, deadline: EpochMillis | undefined): Millis =>
  deadline === undefined
    ? CHECKPOINT_BUDGET
    : millis(Math.min(CHECKPOINT_BUDGET, between(now, deadline) - ANSWER_MARGIN - LEAST_SETTLE_BUDGET))

/**
 * What one send of a commit gets; `undefined` if no send is worth it, because one without an answer leaves a doubt. The
 * abandon that follows an unknown fate needs time too.
 */
export const commitBudget = (now: EpochMillis, deadline: EpochMillis | undefined): Millis | undefined => {
  if (deadline === undefined) return COMMIT_BUDGET
  const left = between(now, deadline) - ANSWER_MARGIN - ABANDON_MARGIN
  return left < LEAST_COMMIT_BUDGET ? undefined : millis(Math.min(COMMIT_BUDGET, left))
}

/** When the sends of a one-shot write end: its caller waits for a claim's time, and a retry finds what was written. */
export const endOfSends = (now: EpochMillis, deadline: EpochMillis | undefined): EpochMillis => {
  const end = later(now, millis(COMMIT_BUDGET + ANSWER_MARGIN + ABANDON_MARGIN))
  return deadline === undefined ? end : earliest(end, deadline)
}

/** How long the end of a claim may wait for steps that still run; `undefined`: as long as they take. */
export const timeForSteps = (now: EpochMillis, deadline: EpochMillis | undefined): Millis | undefined =>
  deadline === undefined ? undefined : millis(between(now, deadline) - ANSWER_MARGIN - LEAST_SETTLE_BUDGET)

/** When a request stops waiting for the outcome of another invocation. */
export const endOfWait = (now: EpochMillis, wait: Millis, deadline: EpochMillis | undefined): EpochMillis =>
  later(now, deadline === undefined ? wait : millis(Math.min(wait, between(now, deadline) - WAIT_MARGIN)))

const clamped = (least: Millis, span: number, most: Millis): Millis => millis(Math.max(least, Math.min(most, span)))
