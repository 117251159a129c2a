import type { IdempotencyError } from '../errors.ts'
import type { ClaimEnding } from '../outcome/outcome-policy.ts'
import type { HandlerClaim } from '../record/handler-claim.ts'
import { retryAfterSeconds } from '../record/judge.ts'
import type { SettledRecord } from '../record/record.ts'
import type { Settings } from '../settings.ts'
import type { HeldClaim } from './held-claim.ts'
import { refusalError, unavailableError } from './refusal.ts'
import type { ClaimRequest } from './request.ts'
import { type SettleResult, settle } from './settle.ts'
import { beginWaiting } from './wait.ts'

/** How the answer of a run stands in the store. */
export type AnswerStatus = 'completed' | 'released' | 'abandoned' | 'unstored' | 'unprotected'

export type RunResult<T> =
  | { readonly kind: 'answered'; readonly value: T; readonly standing: AnswerStatus }
  | { readonly kind: 'replay'; readonly record: SettledRecord }
  | { readonly kind: 'refused'; readonly error: IdempotencyError }

/** The handler threw, and its claim was settled. */
export interface HandlerThrew {
  readonly kind: 'threw'
  readonly error: unknown
  readonly settled: SettleResult
}

export interface Job<T> {
  /** The user's handler; without a claim where it runs unprotected. */
  readonly handler: (claim: HandlerClaim | undefined) => T | Promise<T>
  readonly endingOfValue: (value: T) => ClaimEnding
  readonly endingOfError: (error: unknown) => ClaimEnding
}

/** Claim, run, settle: the one order of things. A throw of the handler is settled, and comes out as it was thrown. */
export const run = async <T>(settings: Settings, request: ClaimRequest, job: Job<T>): Promise<RunResult<T>> => {
  const begun = await beginWaiting(settings, request)
  switch (begun.kind) {
    case 'run': {
      const ran = await runClaimed(settings, begun.held, job)
      if (ran.kind === 'threw') throw ran.error
      return ran
    }
    case 'unprotected':
      return { kind: 'answered', value: await job.handler(undefined), standing: 'unprotected' }
    case 'replay':
      return begun
    default:
      return { kind: 'refused', error: refusalError(begun) }
  }
}

/** The second half: for an entry that has something to decide between the claim and the run, or after a throw. */
export const runClaimed = async <T>(
  settings: Settings,
  held: HeldClaim,
  job: Job<T>,
): Promise<RunResult<T> | HandlerThrew> => {
  let value: T
  try {
    value = await handled(settings, held, job)
  } catch (error) {
    return { kind: 'threw', error, settled: await settle(settings, held, job.endingOfError(error)) }
  }
  return ranAs(settings, held, value, await settle(settings, held, job.endingOfValue(value)))
}

const handled = async <T>(settings: Settings, held: HeldClaim, { handler }: Job<T>): Promise<T> => {
  try {
    return await handler(held.forHandler)
  } finally {
    held.heartbeat.handlerEnded()
    settings.runtime.probe?.('after-handler')
  }
}

/** What the caller gets after a settle: its own answer, the stored one, or a refusal. */
export const ranAs = <T>(settings: Settings, held: HeldClaim, value: T, settled: SettleResult): RunResult<T> => {
  if (settled.kind === 'replay') return settled
  if (settled.kind === 'conflict') return { kind: 'refused', error: refusalError(settled) }
  if (settled.kind === 'unstored' && settings.unstored === 'fail')
    return { kind: 'refused', error: unstoredError(settings, held) }
  return { kind: 'answered', value, standing: settled.kind }
}

/** The claim stands until its lease ends; a retry before that would only be refused. */
const unstoredError = ({ store }: Settings, { heartbeat, request }: HeldClaim): IdempotencyError =>
  unavailableError({
    retryAfterSeconds: retryAfterSeconds(heartbeat.leaseExpiresAt(), { now: request.now(), skew: store.skew }),
  })
