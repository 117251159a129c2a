import { StoreMisconfiguredError } from '../core/errors.ts'
import { emitRefusal, peekFirst, trustedVerdict } from '../core/lifecycle/begin.ts'
import { endOfSends } from '../core/lifecycle/budget.ts'
import { committedAnswer, completionOf, emitCompleted } from '../core/lifecycle/completion.ts'
import { judgeTerms } from '../core/lifecycle/judge-terms.ts'
import { claimTerms } from '../core/lifecycle/lease.ts'
import { refusalError, unavailableError } from '../core/lifecycle/refusal.ts'
import type { ClaimRequest, CommittedAnswer } from '../core/lifecycle/request.ts'
import type { RunResult } from '../core/lifecycle/run-result.ts'
import {
  type Claim,
  firstClaim,
  isInDoubt,
  mintToken,
  type TakeOverReason,
  takeOverClaim,
} from '../core/record/claim.ts'
import { judge, type Verdict } from '../core/record/judge.ts'
import { type ClaimToken, isSettled, type StoredRecord } from '../core/record/record.ts'
import type { Commit, CommitAnswer } from '../core/record/store.ts'
import type { Settings } from '../core/settings.ts'
import { type EpochMillis, millis } from '../core/time.ts'
import { commitOf } from '../dynamodb/effects/commit.ts'
import { sendCommit } from '../effects/send-commit.ts'
import { fence } from './fence.ts'
import { type OneShot, type ReadPlan, readPlan } from './plan.ts'

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

/** One round of one request. Its rounds share a token, by which it recognises what any of them has written. */
interface Shot {
  readonly settings: Settings
  readonly request: ClaimRequest
  readonly claim: Claim
  readonly stand: Stand
}

type Result<T> = RunResult<T> | Stand

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
  const known = request.peekFirst === true ? await look(settings, request) : undefined
  if (known !== undefined) return known
  const token = mintToken(runtime)
  let stand: Stand = { seen: undefined, isInDoubt: false }
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (round > 0) await runtime.sleep(millis(runtime.random() * JITTER))
    const plan = await readPlan(oneShot)
    const shot: Shot = { settings, request, claim: claimOver(settings, request, stand.seen, token), stand }
    const result = plan.items === undefined ? await endUnwritten(shot, plan.end) : await write(shot, plan)
    if (!('seen' in result)) return result
    stand = result
  }
  // A crowd of contenders. What is in doubt may be applied later, so only a retry is true.
  return stand.isInDoubt ? unavailable() : refusedAs(settings, request, { kind: 'conflict', retryAfterSeconds: 1 })
}

const unavailable = (): RunResult<never> => ({ kind: 'refused', error: unavailableError() })

/** A stored answer, if a read finds one. */
const look = async (settings: Settings, request: ClaimRequest): Promise<RunResult<never> | undefined> => {
  const record = await peekFirst(settings, request)
  const verdict = record && trustedVerdict(settings, request, record)
  return verdict && refusedAs(settings, request, verdict)
}

const claimOver = (settings: Settings, request: ClaimRequest, seen: Seen | undefined, token: ClaimToken): Claim => {
  const terms = claimTerms(settings, request)
  const now = settings.runtime.now()
  return seen === undefined ? firstClaim(terms, token, now) : takeOverClaim(seen.record, seen.reason, terms, token, now)
}

/**
 * A plan that writes nothing meets no record. It may write nothing because an earlier call of the same request has
 * written: what the plan read has changed since. So a read looks for that call's answer first.
 */
const endUnwritten = async <T>(shot: Shot, end: () => T): Promise<Result<T>> => {
  const { settings, request, stand } = shot
  const isUnseen = stand.seen === undefined && !stand.isInDoubt && request.peekFirst !== true
  const known = isUnseen ? await look(settings, request) : undefined
  return known ?? afterDoubt(shot, request.now(), () => unstored(shot, end()))
}

const unstored = <T>({ claim }: Shot, value: T): RunResult<T> => ({
  kind: 'answered',
  value,
  status: isInDoubt(claim) ? 'abandoned' : 'released',
})

const write = async <T>(
  shot: Shot,
  { items, answer, refused }: Extract<ReadPlan<T>, { answer: unknown }>,
): Promise<Result<T>> => {
  const { settings, request, claim, stand } = shot
  const stored = committedAnswer(request, answer)
  const commit = putOf(shot, items, stored)
  const startedAt = request.now()
  const times = { ...request, deadline: endOfSends(startedAt, request.deadline) }
  settings.runtime.probe?.('before-commit')
  const sent = await sendCommit(settings, times, claim, commit)
  settings.runtime.probe?.('after-commit')
  const after: Shot = { ...shot, stand: { ...stand, isInDoubt: stand.isInDoubt || sent.isInDoubt } }
  switch (sent.answer.kind) {
    case 'committed':
      emitCompleted(settings, claim, commit.completion)
      return { kind: 'answered', value: stored.value as T, status: 'completed' }
    case 'lost':
      return meet(after, sent.answer)
    case 'refused': {
      const { reasons } = sent.answer
      return afterDoubt(after, request.now(), async () => unstored(shot, await refused(reasons)))
    }
    case 'mistaken': {
      const { error, setUp = error } = sent.answer
      return afterDoubt(after, request.now(), () => mistaken(setUp))
    }
    case 'unanswered':
      return afterDoubt(after, startedAt, unavailable)
  }
}

const putOf = ({ settings, claim, stand }: Shot, items: Commit['items'], answer: CommittedAnswer): Commit =>
  commitOf({
    completion: completionOf(settings, claim, answer, settings.runtime.now()),
    items,
    requestToken: settings.runtime.randomToken(),
    put: { over: stand.seen?.record },
  })

/** A mistake in the plan is thrown, and one in the set-up is the layer's own refusal. */
const mistaken = (error: unknown): RunResult<never> => {
  if (error instanceof StoreMisconfiguredError) return { kind: 'refused', error }
  throw error
}

/** What follows from the record that is there instead. */
const meet = (
  { settings, request, claim, stand: { isInDoubt } }: Shot,
  { record, storeTime = settings.runtime.now() }: Pick<Extract<CommitAnswer, { kind: 'lost' }>, 'record' | 'storeTime'>,
): RunResult<never> | Stand => {
  if (record === undefined) return { seen: undefined, isInDoubt } // TTL has deleted the record that was seen
  if (record.claimToken === claim.claimToken && isSettled(record))
    return refusedAs(settings, request, { kind: 'replay', record })
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
 * Ends the request with something that is not stored. If a send may still be applied, a fence comes first: the end
 * follows only if that send can no longer be applied.
 */
const afterDoubt = async <T>(
  shot: Shot,
  startedAt: EpochMillis,
  end: () => RunResult<T> | Promise<RunResult<T>>,
): Promise<Result<T>> => {
  const { settings, request, claim, stand } = shot
  if (!stand.isInDoubt) return end()
  // A fence would erase the answer that is stored for the other payload.
  if (stand.seen?.reason === 'overridden') return unavailable()
  const answer = await fence(settings, request, claim, stand.seen?.record, startedAt)
  switch (answer.kind) {
    case 'fenced':
      return end()
    case 'gone':
      return { seen: undefined, isInDoubt: true }
    case 'occupied':
      return meet(shot, answer)
    case 'refused':
      return answer
  }
}
