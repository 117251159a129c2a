import { between, type EpochMillis, fromSeconds, type Millis, millis } from '../time.ts'

/**
 * A claim is answered within this, or its fate is unknown: two attempts of the layer's own client, and a margin. A look
 * before the claim is part of it.
 */
const CLAIM_BUDGET = fromSeconds(2)

/** What a claim gets, however little time is left. */
const LEAST_CLAIM_BUDGET = millis(200)

/** A look is only a hint: most of the time is the claim's. */
const PEEK_BUDGET = millis(500)
const LEAST_PEEK_BUDGET = millis(100)

/** For a claim whose handler did not start: the caller is waiting for its 503 by now. */
export const GIVE_UP_BUDGET: Millis = millis(300)

/** What the refusal needs to leave before the invocation ends. */
const ANSWER_MARGIN = millis(300)

/**
 * What a claim that is asked for at `now` gets of the budget that began at `startedAt`. A 503 is of use only to a caller
 * that still gets it, after the claim has been given up.
 */
export const claimBudget = (startedAt: EpochMillis, now: EpochMillis, deadline: EpochMillis | undefined): Millis => {
  const left = deadline === undefined ? CLAIM_BUDGET : between(now, deadline) - GIVE_UP_BUDGET - ANSWER_MARGIN
  return clamped(LEAST_CLAIM_BUDGET, left, millis(CLAIM_BUDGET - between(startedAt, now)))
}

/** A look leaves the claim that follows its least. */
export const peekBudget = (now: EpochMillis, deadline: EpochMillis | undefined): Millis =>
  deadline === undefined
    ? PEEK_BUDGET
    : clamped(LEAST_PEEK_BUDGET, claimBudget(now, now, deadline) - LEAST_CLAIM_BUDGET, PEEK_BUDGET)

const clamped = (least: Millis, span: number, most: Millis): Millis => millis(Math.max(least, Math.min(most, span)))
