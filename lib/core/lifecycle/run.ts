import { EffectError, type IdempotencyError } from '../errors.ts'
import { aboutClaim, causeName } from '../events.ts'
import type { ClaimEnding } from '../outcome/outcome-policy.ts'
import type { HandlerClaim } from '../record/handler-claim.ts'
import { retryAfterSeconds } from '../record/judge.ts'
import type { SettledRecord } from '../record/record.ts'
import type { Settings } from '../settings.ts'
import type { Decide } from './begin-result.ts'
import type { HeldClaim } from './held-claim.ts'
import { refusalError, unavailableError } from './refusal.ts'
import type { ClaimRequest } from './request.ts'
import { settle } from './settle.ts'
import type { SettleResult } from './settle-result.ts'
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
    return insteadOf(settings, held, error, settled) ?? { kind: 'threw', error, settled }
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
export const insteadOf = <T>(
  settings: Settings,
  held: HeldClaim,
  error: unknown,
  settled: SettleResult,
): RunResult<T> | undefined => {
  if (isOfTransaction(held, settled)) {
    reportIgnored(settings, held, error)
    return ranAs(settings, held, undefined as T, settled)
  }
  if (!(error instanceof EffectError)) return undefined
  if (settled.kind === 'replay') return settled
  return { kind: 'refused', error: settled.kind === 'conflict' ? refusalError(settled) : error }
}

/** Whether the answer comes from a transaction of the handler. A replay does, if its record is this claim's own. */
const isOfTransaction = ({ claim, effects }: HeldClaim, settled: SettleResult): boolean =>
  settled.kind === 'committed' ||
  settled.kind === 'commitUnknown' ||
  (settled.kind === 'replay' && effects.commits !== undefined && settled.record.claimToken === claim.claimToken)

/** The layer's own errors say what the events say. */
const reportIgnored = ({ emit }: Settings, { claim }: HeldClaim, error: unknown): void => {
  if (error instanceof EffectError) return
  console.error(
    'lambda-once: the handler threw after a transaction; the caller gets its committed answer, or 503 if it is not known',
    error,
  )
  emit(() => ({ type: 'answerIgnored', ...aboutClaim(claim), error: causeName(error) }))
}

/** What the caller gets after a settle. */
export const ranAs = <T>(settings: Settings, held: HeldClaim, value: T, settled: SettleResult): RunResult<T> => {
  if (settled.kind === 'replay') return settled
  if (settled.kind === 'conflict') return { kind: 'refused', error: refusalError(settled) }
  if (settled.kind === 'committed') return { kind: 'answered', value: settled.value as T, status: 'completed' }
  if (settled.kind === 'commitUnknown' && settled.isAbandoned) return { kind: 'refused', error: unavailableError() }
  if (settled.kind === 'commitUnknown' || (settled.kind === 'unstored' && settings.unstored === 'fail'))
    return { kind: 'refused', error: unstoredError(settings, held) }
  return { kind: 'answered', value, status: settled.kind }
}

/** The claim is in force until its lease ends. A retry before that would be refused. */
const unstoredError = ({ store }: Settings, { heartbeat, request }: HeldClaim): IdempotencyError =>
  unavailableError({
    retryAfterSeconds: retryAfterSeconds(heartbeat.leaseExpiresAt(), { now: request.now(), skew: store.skew }),
  })
