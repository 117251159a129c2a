import { EffectError, type IdempotencyError } from '../errors.ts'
import type { ClaimEnding } from '../outcome/outcome-policy.ts'
import type { HandlerClaim } from '../record/handler-claim.ts'
import { retryAfterSeconds } from '../record/judge.ts'
import type { SettledRecord } from '../record/record.ts'
import type { Settings } from '../settings.ts'
import type { Decide } from './begin-result.ts'
import type { HeldClaim } from './held-claim.ts'
import { refusalError, unavailableError } from './refusal.ts'
import type { ClaimRequest } from './request.ts'
import { type SettleResult, settle } from './settle.ts'
import { beginWaiting } from './wait.ts'

/** What the store holds of a run whose answer the caller gets. */
export type AnswerStatus = 'completed' | 'released' | 'abandoned' | 'unstored' | 'unprotected'

/** What the caller of a run gets: its own answer, the stored one, or a refusal. */
export type RunResult<T> =
  | { readonly kind: 'answered'; readonly value: T; readonly status: AnswerStatus }
  | { readonly kind: 'replay'; readonly record: SettledRecord }
  | { readonly kind: 'refused'; readonly error: IdempotencyError }

/** The handler threw, and its claim was settled. */
export interface HandlerThrew {
  readonly kind: 'threw'
  readonly error: unknown
  readonly settled: SettleResult
}

/** What to run, and how its result ends the claim. */
export interface Job<T> {
  /** The user's handler. It gets no claim if it runs unprotected. */
  readonly handler: (claim: HandlerClaim | undefined) => T | Promise<T>
  readonly endingOfValue: (value: T) => ClaimEnding
  readonly endingOfError: (error: unknown) => ClaimEnding
  /** Asked about an abandoned record before the handler starts; absent if nothing is asked. */
  readonly decide?: Decide | undefined
}

/** Claim, run, settle, in this order. An error of the handler is settled and then thrown again unchanged. */
export const run = async <T>(settings: Settings, request: ClaimRequest, job: Job<T>): Promise<RunResult<T>> => {
  const begun = await beginWaiting(settings, request, job.decide)
  switch (begun.kind) {
    case 'run': {
      const ran = await runClaimed(settings, begun.held, job)
      if (ran.kind === 'threw') throw ran.error
      return ran
    }
    case 'unprotected':
      return { kind: 'answered', value: await job.handler(undefined), status: 'unprotected' }
    case 'replay':
      return begun
    default:
      return { kind: 'refused', error: refusalError(begun) }
  }
}

/** Runs and settles, for an entry that decides something between the claim and the run, or after a throw. */
export const runClaimed = async <T>(
  settings: Settings,
  held: HeldClaim,
  job: Job<T>,
): Promise<RunResult<T> | HandlerThrew> => {
  let value: T
  try {
    value = await handled(settings, held, job)
  } catch (error) {
    const settled = await settle(settings, held, job.endingOfError(error))
    return error instanceof EffectError ? refusedBy(error, settled) : { kind: 'threw', error, settled }
  }
  return ranAs(settings, held, value, await settle(settings, held, job.endingOfValue(value)))
}

const handled = async <T>(settings: Settings, held: HeldClaim, { handler }: Job<T>): Promise<T> => {
  try {
    return await handler(held.forHandler)
  } finally {
    settings.runtime.probe?.('after-handler')
  }
}

/** What the caller gets if `lambda-once/effects` stopped the handler: the stored outcome, if there is one. */
export const refusedBy = (error: EffectError, settled: SettleResult): RunResult<never> => {
  if (settled.kind === 'replay') return settled
  return { kind: 'refused', error: settled.kind === 'conflict' ? refusalError(settled) : error }
}

/** What the caller gets after a settle. */
export const ranAs = <T>(settings: Settings, held: HeldClaim, value: T, settled: SettleResult): RunResult<T> => {
  if (settled.kind === 'replay') return settled
  if (settled.kind === 'conflict') return { kind: 'refused', error: refusalError(settled) }
  if (settled.kind === 'unstored' && settings.unstored === 'fail')
    return { kind: 'refused', error: unstoredError(settings, held) }
  return { kind: 'answered', value, status: settled.kind }
}

/** The claim is in force until its lease ends. A retry before that would be refused. */
const unstoredError = ({ store }: Settings, { heartbeat, request }: HeldClaim): IdempotencyError =>
  unavailableError({
    retryAfterSeconds: retryAfterSeconds(heartbeat.leaseExpiresAt(), { now: request.now(), skew: store.skew }),
  })
