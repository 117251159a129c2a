import { IdempotencyError } from '../core/errors.ts'
import type { Decide } from '../core/lifecycle/begin-result.ts'
import { deciderOf } from '../core/lifecycle/reconciliation.ts'
import type { CommittedAnswer } from '../core/lifecycle/request.ts'
import type { RunResult } from '../core/lifecycle/run-result.ts'
import { decodeOutcome } from '../core/outcome/outcome.ts'
import { type ClaimEnding, type Decision, decide, replayedError, statusOf } from '../core/outcome/outcome-policy.ts'
import type { SettledRecord } from '../core/record/record.ts'
import { answerOf } from './answer.ts'
import { inForm, isAnswer, type Recipient } from './answer-form.ts'
import type { HttpRequest } from './event.ts'
import { takeMark } from './mark.ts'
import type { HttpSettings } from './options.ts'
import { problemOf, problemResponse } from './problem.ts'
import { type CapturedAnswer, capture, replayed, withStatus } from './response.ts'

/** One event, with what both forms need to answer it. */
export interface Exchange<TEvent> {
  readonly settings: HttpSettings<TEvent>
  readonly event: TEvent
  readonly recipient: Recipient
}

export const exchangeOf = <TEvent>(
  settings: HttpSettings<TEvent>,
  event: TEvent,
  { kind, headerLines }: HttpRequest,
): Exchange<TEvent> => {
  const [origin] = headerLines('origin')
  return { settings, event, recipient: { kind, origin, cors: settings.cors } }
}

/** A result, with the decision that its handler marked it with. */
interface Result extends CapturedAnswer {
  readonly mark: Decision | undefined
}

export const captureResult = <TEvent>({ settings, recipient }: Exchange<TEvent>, result: unknown): Result => ({
  ...capture(result, recipient.kind, settings.filter),
  mark: takeMark(result),
})

/** A policy judges answers only. A result without a status is kept, unless the handler marked it. */
export const endingOfAnswer = <TEvent>({ settings }: Exchange<TEvent>, result: Result): ClaimEnding => {
  const { statusCode = 200, outcome, mark } = result
  const isAnswer = result.statusCode !== undefined
  const decision = mark ?? (isAnswer ? decide(settings.outcomes, answerOf(result)) : 'complete')
  if (decision === 'complete') return { kind: decision, status: statusOf({ statusCode }), outcome }
  return decision === 'release' && mark === undefined ? { kind: decision, byStatus: true } : { kind: decision }
}

/** Asks the reconcile function about this request. Its answer is kept whatever its status: the policy is not asked. */
export const deciderFor = <TEvent>(exchange: Exchange<TEvent>): Decide | undefined =>
  deciderOf(exchange.settings, {
    subject: exchange.event,
    endingOf: (done) => ({ kind: 'complete', ...completionFor(exchange)(done) }),
  })

/** What an answer stores that is kept whatever its status. */
export const completionFor =
  <TEvent>(exchange: Exchange<TEvent>) =>
  (answer: unknown): CommittedAnswer => {
    const value = captureResult(exchange, answer)
    const { statusCode = 200, outcome } = value
    return { status: statusOf({ statusCode }), outcome, value }
  }

/** The response to give. If the stored outcome is an error, throws it. */
export const respond = async <TEvent>(exchange: Exchange<TEvent>, ran: RunResult<CapturedAnswer>): Promise<unknown> => {
  switch (ran.kind) {
    case 'answered':
      return withStatus(ran.value, ran.status === 'completed' ? 'created' : ran.status, exchange.recipient)
    case 'replay':
      return replay(exchange, ran.record)
    case 'refused':
      return refuse(exchange, ran.error)
  }
}

export const replay = async <TEvent>(exchange: Exchange<TEvent>, record: SettledRecord): Promise<unknown> => {
  const outcome = decodeOutcome(record.outcome)
  if (outcome.kind === 'error') throw replayedError(outcome.error)
  const answer = outcome.kind === 'json' ? replayed(outcome.value, exchange.recipient) : undefined
  return answer === undefined ? refuse(exchange, new IdempotencyError('replay-unavailable')) : answer.result
}

/** What a refusal depends on. */
export interface Refusal<TEvent> extends Pick<Exchange<TEvent>, 'event' | 'recipient'> {
  readonly settings: Pick<HttpSettings<TEvent>, 'docsUrl' | 'problem'>
}

export const refuse = async <TEvent>(
  { settings, event, recipient }: Refusal<TEvent>,
  error: IdempotencyError,
): Promise<unknown> => {
  const problem = problemOf(error, settings.docsUrl)
  // A mistake in the set-up is for the operator: the client gets the code, the log gets the remedy.
  if (problem.status === 500) console.error(`lambda-once: ${error.code}: ${error.message}`)
  const chosen = await settings.problem?.(problem, event)
  if (chosen !== undefined && chosen !== null) return isAnswer(chosen) ? inForm(chosen, {}, recipient) : chosen
  // An HTTP API would answer 200 for `undefined`.
  if (settings.problem !== undefined) console.error('lambda-once: the option "problem" answered nothing')
  return problemResponse(problem, recipient)
}

/** A request that has no key and needs none is about to run. */
export const emitUnkeyed = <TEvent>({ settings: { core } }: Exchange<TEvent>): void =>
  core.emit(() => ({ type: 'skipped', operation: core.operation, reason: 'no-key' }))

/** Why a request ran without a claim, as `Idempotency-Status` says it: it had no key, or the store was down. */
export type UnclaimedStatus = 'none' | 'unprotected'

export const respondUnclaimed = <TEvent>(
  { recipient }: Exchange<TEvent>,
  captured: CapturedAnswer,
  status: UnclaimedStatus,
): unknown => withStatus(captured, status, recipient)
