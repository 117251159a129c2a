import { EffectError, type IdempotencyError } from '../errors.ts'
import type { ClaimEnding } from '../outcome/outcome-policy.ts'
import type { HandlerClaim } from '../record/handler-claim.ts'
import { retryAfterSeconds } from '../record/judge.ts'
import type { Settings } from '../settings.ts'
import type { Decide } from './begin-result.ts'
import type { HeldClaim } from './held-claim.ts'
import { refusalError, unavailableError } from './refusal.ts'
import type { ClaimRequest } from './request.ts'
import type { RunResult } from './run-result.ts'
import { settle } from './settle.ts'
import type { SettleResult } from './settle-result.ts'
import { beginWaiting } from './wait.ts'

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
    return insteadOf(error, settled) ?? { kind: 'threw', error, settled }
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

/**
 * What the caller gets in place of the handler's error: what the handler's transaction committed or may have committed,
 * or the layer's own answer where `lambda-once/effects` stopped the handler. `undefined`: the error itself.
 */
export const insteadOf = <T>(error: unknown, settled: SettleResult): RunResult<T> | undefined => {
  if (settled.kind === 'ofTransaction') {
    settled.reportIgnored(error)
    return settled.ran as RunResult<T>
  }
  if (!(error instanceof EffectError)) return undefined
  if (settled.kind === 'replay') return settled
  return { kind: 'refused', error: settled.kind === 'conflict' ? refusalError(settled) : error }
}

/** What the caller gets after a settle. */
export const ranAs = <T>(settings: Settings, held: HeldClaim, value: T, settled: SettleResult): RunResult<T> => {
  if (settled.kind === 'replay') return settled
  if (settled.kind === 'conflict') return { kind: 'refused', error: refusalError(settled) }
  if (settled.kind === 'ofTransaction') return settled.ran as RunResult<T>
  if (settled.kind === 'unstored' && settings.unstored === 'fail')
    return { kind: 'refused', error: unstoredError(settings, held) }
  return { kind: 'answered', value, status: settled.kind }
}

/** The claim is in force until its lease ends. A retry before that would be refused. */
export const unstoredError = ({ store }: Settings, { heartbeat, request }: HeldClaim): IdempotencyError =>
  unavailableError({
    retryAfterSeconds: retryAfterSeconds(heartbeat.leaseExpiresAt(), { now: request.now(), skew: store.skew }),
  })
