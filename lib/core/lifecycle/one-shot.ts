import { StoreMisconfiguredError } from '../errors.ts'
import { aboutClaim, storeFailed } from '../events.ts'
import { MAX_TRANSACT_ITEMS } from '../limits.ts'
import { isObject } from '../option-rules.ts'
import { encodeOutcome, outcomeIsReplayable, outcomeOf } from '../outcome/outcome.ts'
import { type Claim, firstClaim, mintToken, type TakeOverReason, takeOverClaim } from '../record/claim.ts'
import { judge, type Verdict } from '../record/judge.ts'
import { type ClaimToken, isSettled, type StoredRecord } from '../record/record.ts'
import type { Commit, CommitAnswer, RefusalReason, TakeOverAnswer, TransactItem } from '../record/store.ts'
import type { Settings } from '../settings.ts'
import { later, millis } from '../time.ts'
import { emitRefusal, peekFirst, trustedVerdict } from './begin.ts'
import { claimBudget } from './budget.ts'
import { giveUp } from './give-up.ts'
import { judgeTerms } from './judge-terms.ts'
import { claimTerms } from './lease.ts'
import { refusalError, unavailableError } from './refusal.ts'
import type { ClaimRequest, CommittedAnswer } from './request.ts'
import type { RunResult } from './run.ts'
import { sendCommit } from './send-commit.ts'
import { assertItems } from './transact-items.ts'

/** What a one-shot write writes, and what it answers. */
export type Plan =
  | {
      /** 1 to 99 writes to your own tables, as `TransactWriteItems` takes them. */
      readonly items: readonly TransactItem[]
      /** Stored with the items, and replayed. */
      readonly answer: unknown
      /**
       * Makes the answer if a condition of yours does not hold. Nothing is written then, and nothing is stored.
       *
       * @param reasons one entry for each item; `undefined` for an item whose condition holds
       */
      refused(reasons: readonly (RefusalReason | undefined)[]): unknown
    }
  /** There is nothing to write: the answer is given, and nothing is stored. */
  | { readonly items?: undefined; readonly answer: unknown }

/** A plan of one request. `plan` may be called more than once, and in several invocations at the same time. */
export interface OneShot<T> {
  plan(): unknown
  /** An answer that is given and not stored, in the form of the entry. */
  readonly toValue: (answer: unknown) => T
}

/** Rounds of one request against the contenders of its key. */
const MAX_ROUNDS = 5
const JITTER = millis(50)

/** A record that may be replaced, and why. */
interface Seen {
  readonly record: StoredRecord
  readonly reason: TakeOverReason
}

/** How far one request has come. */
interface Stand {
  /** `undefined`: there was no record. */
  readonly seen: Seen | undefined
  /** A send of an earlier round may still be applied. */
  readonly isInDoubt: boolean
}

/**
 * Writes the items and the settled record in one transaction. There is no claim, no lease and no heartbeat: either all of
 * it is stored, or nothing.
 */
export const runOneShot = async <T>(
  settings: Settings,
  request: ClaimRequest,
  oneShot: OneShot<T>,
): Promise<RunResult<T>> => {
  const { runtime } = settings
  if (request.peekFirst === true) {
    const record = await peekFirst(settings, request)
    const verdict = record && trustedVerdict(settings, request, record)
    if (verdict !== undefined) return refusedAs(settings, request, verdict)
  }
  const token = mintToken(runtime)
  let stand: Stand = { seen: undefined, isInDoubt: false }
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (round > 0) await runtime.sleep(millis(runtime.random() * JITTER))
    const plan = readPlan(await oneShot.plan())
    const claim = claimOver(settings, request, stand.seen, token)
    const shot: Shot = { settings, request, claim, stand }
    const result: Result =
      plan.items === undefined
        ? await answerUnstored(shot, () => oneShot.toValue(plan.answer))
        : await write(shot, plan, (reasons) => oneShot.toValue(plan.refused(reasons)))
    if (!('seen' in result)) return result as RunResult<T>
    stand = result
  }
  // A crowd of contenders. What is in doubt may be applied later, so only a retry is true.
  return stand.isInDoubt
    ? { kind: 'refused', error: unavailableError() }
    : refusedAs(settings, request, { kind: 'conflict', retryAfterSeconds: 1 })
}

/** One round of one request. Its rounds share a token, by which it recognises what any of them has written. */
interface Shot {
  readonly settings: Settings
  readonly request: ClaimRequest
  readonly claim: Claim
  readonly stand: Stand
}

type Result = RunResult<unknown> | Stand

const WHERE = 'A one-shot write'

const readPlan = (plan: unknown): Plan => {
  if (!isObject(plan) || !('answer' in plan))
    throw new TypeError(`${WHERE}: the plan must be { items, answer, refused } or { answer }`)
  if (plan.items === undefined) return { answer: plan.answer }
  assertItems(WHERE, plan.items, MAX_TRANSACT_ITEMS)
  if (typeof plan.refused !== 'function')
    throw new TypeError(`${WHERE}: refused must be a function that makes the answer for a condition that does not hold`)
  return plan as unknown as Plan
}

const claimOver = (settings: Settings, request: ClaimRequest, seen: Seen | undefined, token: ClaimToken): Claim => {
  const terms = claimTerms(settings, request)
  const now = settings.runtime.now()
  return seen === undefined ? firstClaim(terms, token, now) : takeOverClaim(seen.record, seen.reason, terms, token, now)
}

type Writing = Extract<Plan, { refused: unknown }>

const write = async (
  shot: Shot,
  { items, answer }: Writing,
  refused: (reasons: readonly (RefusalReason | undefined)[]) => unknown,
): Promise<Result> => {
  const { settings, request, claim, stand } = shot
  const stored = request.completionOf?.(answer) ?? { status: 'SUCCEEDED', outcome: outcomeOf(answer), value: answer }
  const commit = commitOf(shot, items, stored)
  settings.runtime.probe?.('before-commit')
  const sent = await sendCommit(settings, request, claim, commit)
  settings.runtime.probe?.('after-commit')
  const isInDoubt = stand.isInDoubt || sent.isInDoubt
  const after: Shot = { ...shot, stand: { ...stand, isInDoubt } }
  switch (sent.answer.kind) {
    case 'committed':
      emitCompleted(shot, commit)
      return { kind: 'answered', value: stored.value, status: 'completed' }
    case 'lost':
      return meet(after, sent.answer)
    case 'refused': {
      const { reasons } = sent.answer
      return answerUnstored(after, () => refused(reasons))
    }
    case 'mistaken':
      return endMistaken(after, sent.answer.error)
    case 'unanswered':
      return { kind: 'refused', error: unavailableError() }
  }
}

const commitOf = (
  { settings: { runtime, store, retention }, claim, stand }: Shot,
  items: readonly TransactItem[],
  { status, outcome }: CommittedAnswer,
): Commit => {
  const settledAt = runtime.now()
  const encoded = encodeOutcome(outcome, store.outcomeRoom(claim))
  return {
    completion: { kind: 'completed', status, outcome: encoded, settledAt, expiresAt: later(settledAt, retention) },
    items,
    requestToken: runtime.randomToken(),
    put: { over: stand.seen?.record },
  }
}

/** A mistake of the plan is the caller's to see, unless an earlier send may still be applied. */
const endMistaken = ({ stand }: Shot, error: unknown): Result => {
  if (stand.isInDoubt) return { kind: 'refused', error: unavailableError({ cause: error }) }
  if (error instanceof StoreMisconfiguredError) return { kind: 'refused', error }
  throw error
}

const emitCompleted = ({ settings: { emit }, claim }: Shot, { completion: { status, outcome } }: Commit): void =>
  emit(() => ({ type: 'completed', ...aboutClaim(claim), status, replayable: outcomeIsReplayable(outcome) }))

/** What follows from the record that is there instead. */
const meet = (
  { settings, request, claim, stand: { isInDoubt } }: Shot,
  { record, storeTime = settings.runtime.now() }: Extract<CommitAnswer, { kind: 'lost' }>,
): Result => {
  if (record === undefined) return { seen: undefined, isInDoubt } // TTL has deleted the record that was seen
  if (record.claimToken === claim.claimToken && isSettled(record)) return { kind: 'replay', record }
  const verdict = judge(record, judgeTerms(settings, request, storeTime, claim.leaseExpiresAt))
  if (verdict.kind !== 'takeOver') return refusedAs(settings, request, verdict)
  // Only a claim can ask, so the effect stays in doubt.
  if (verdict.ask === true) return refusedAs(settings, request, { kind: 'outcomeUnknown' })
  return { seen: { record, reason: verdict.reason }, isInDoubt }
}

const refusedAs = (
  settings: Settings,
  request: ClaimRequest,
  verdict: Exclude<Verdict, { kind: 'takeOver' }>,
): RunResult<never> => {
  emitRefusal(settings, request, verdict)
  return verdict.kind === 'replay' ? verdict : { kind: 'refused', error: refusalError(verdict) }
}

/**
 * Gives an answer that is not stored. If a send may still be applied, a claim first takes the place in the table that
 * this send needs, and is given up at once. Over a record in doubt the give-up abandons it again.
 */
const answerUnstored = async (shot: Shot, toValue: () => unknown): Promise<Result> => {
  const { settings, claim, stand } = shot
  const unstored = (): Result => ({ kind: 'answered', value: toValue(), status: 'released' })
  if (!stand.isInDoubt) return unstored()
  const answer = await fence(shot)
  switch (answer?.kind) {
    case undefined:
    case 'contended':
      await giveUp(settings, claim)
      return { kind: 'refused', error: unavailableError() }
    case 'claimed':
      await giveUp(settings, claim)
      return unstored()
    case 'gone':
      return { seen: undefined, isInDoubt: true }
    case 'occupied':
      return meet(shot, { ...answer, kind: 'lost' })
  }
}

/** `undefined`: no answer, so the send may still be applied. */
const fence = async ({ settings, request, claim, stand }: Shot): Promise<TakeOverAnswer | undefined> => {
  const { store, runtime, emit } = settings
  const over = stand.seen?.record
  const now = request.now()
  try {
    return await runtime.withDeadline(claimBudget(now, now, request.deadline), (signal) =>
      over === undefined ? store.claim(claim, signal) : store.takeOver(over, claim, signal),
    )
  } catch (error) {
    emit(() => storeFailed(claim.recordKey, 'claim', error))
    return undefined
  }
}
