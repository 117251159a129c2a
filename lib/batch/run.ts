import {
  EffectError,
  IdempotencyError,
  type StoreMisconfiguredError,
  type StoreUnavailableError,
} from '../core/errors.ts'
import type { BeginResult, Decide } from '../core/lifecycle/begin-result.ts'
import { unstarted } from '../core/lifecycle/give-up.ts'
import type { HeldClaim } from '../core/lifecycle/held-claim.ts'
import { judgeTerms } from '../core/lifecycle/judge-terms.ts'
import { peek } from '../core/lifecycle/peek.ts'
import { refusalError } from '../core/lifecycle/refusal.ts'
import type { ClaimRequest } from '../core/lifecycle/request.ts'
import { type HandlerThrew, runClaimed } from '../core/lifecycle/run.ts'
import type { RunResult } from '../core/lifecycle/run-result.ts'
import { settleAs } from '../core/lifecycle/settle.ts'
import { outcomeOf } from '../core/outcome/outcome.ts'
import { endingOfError } from '../core/outcome/outcome-policy.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import { judge, type Verdict } from '../core/record/judge.ts'
import type { SettledRecord, StoredRecord } from '../core/record/record.ts'
import type { Settings } from '../core/settings.ts'
import type { Deadline } from './deadline.ts'
import { endPoison, isPoison } from './poison.ts'
import type { RunSettings } from './settings.ts'

export type StoreFault = StoreUnavailableError | StoreMisconfiguredError

/** The result of a message that the layer tried to claim. */
export type MessageResult =
  | 'acknowledged'
  | 'returned'
  /** Returned after a run: another message of the batch with the same key must not run right after it. */
  | 'failed'
  /** Returned because the store did not answer. */
  | StoreFault

export interface Run<TRecord> {
  readonly settings: RunSettings<TRecord>
  readonly deadline: Deadline
  readonly record: TRecord
  readonly claimRequest: ClaimRequest
  readonly decide: Decide | undefined
  /** Calls your handler with the message. */
  readonly call: (claim: HandlerClaim | undefined) => unknown
}

/** Claims a message: at once, or after waiting for another invocation that holds the claim. */
export type Begin = (
  core: Settings,
  request: ClaimRequest,
  decide: Decide | undefined,
  deadline: Deadline,
) => Promise<BeginResult>

/** Returns a function that claims a message, and runs its handler if the claim is won. */
export const trying =
  (begin: Begin) =>
  async <TRecord>(run: Run<TRecord>): Promise<MessageResult> =>
    endAsBegun(run, await begin(run.settings.core, run.claimRequest, run.decide, run.deadline))

const endAsBegun = <TRecord>(run: Run<TRecord>, begun: BeginResult): MessageResult | Promise<MessageResult> => {
  const { settings, record } = run
  switch (begun.kind) {
    case 'run':
      return runHeld(run, begun.held)
    case 'unprotected':
      return runUnprotected(run)
    case 'replay':
      return endAsStored(run, begun.record)
    case 'conflict':
    case 'pending':
      return returnLater(run, begun.retryAfterSeconds)
    case 'mismatch':
    case 'outcomeUnknown':
      settings.report(withRecord(run, refusalError(begun)), record)
      return begun.kind === 'mismatch' ? endMismatched(run) : 'returned'
    case 'misconfigured':
      settings.report(begun.error, record) // only the operator can fix it
      return begun.error
    case 'unavailable':
      return begun.error
  }
}

/** The error names the record, because a person has to find and decide it. */
export const withRecord = <TRecord>(
  { claimRequest }: Run<TRecord>,
  { code, message }: IdempotencyError,
): IdempotencyError => new IdempotencyError(code, `${message} (record ${claimRequest.recordKey})`)

const runHeld = async <TRecord>(run: Run<TRecord>, held: HeldClaim): Promise<MessageResult> => {
  const { settings, record, deadline } = run
  if (isPoison(held.claim, settings.maxRuns)) {
    return (await endPoison(settings, record, held, deadline)) ? 'acknowledged' : 'returned'
  }
  // The claim itself may take the time that the run needs.
  if (!deadline.hasTime()) {
    await settleAs(settings.core, held, () => unstarted(settings.core, held.claim))
    return 'returned'
  }
  const ran = await runClaimed(settings.core, held, {
    handler: run.call,
    endingOfValue: (value) => ({ kind: 'complete', status: 'SUCCEEDED', outcome: outcomeOf(value) }),
    endingOfError,
  })
  return ran.kind === 'threw' ? endAsThrown(run, ran) : endAsRan(run, ran)
}

/** A `TerminalError` ends the message, unless another run has taken over the claim: then that run's result counts. */
const endAsThrown = <TRecord>(
  run: Run<TRecord>,
  { error, settled }: HandlerThrew,
): MessageResult | Promise<MessageResult> => {
  run.settings.report(error, run.record)
  if (endingOfError(error).kind !== 'complete') return 'failed'
  if (settled.kind === 'replay') return endAsStored(run, settled.record)
  return settled.kind === 'conflict' ? returnLater(run, settled.retryAfterSeconds) : sendAway(run, 'failed')
}

/** A run whose outcome was not stored is acknowledged, because its effect is done; `unstored: 'fail'` returns it. */
const endAsRan = <TRecord>(run: Run<TRecord>, ran: RunResult<unknown>): MessageResult | Promise<MessageResult> => {
  if (ran.kind === 'replay') return endAsStored(run, ran.record)
  if (ran.kind !== 'refused') return 'acknowledged'
  return ran.error instanceof EffectError ? endAsStopped(run, ran.error) : returnLater(run, ran.error.retryAfterSeconds)
}

/** `lambda-once/effects` stopped the handler. */
const endAsStopped = async <TRecord>(run: Run<TRecord>, error: EffectError): Promise<MessageResult> => {
  run.settings.report(withRecord(run, error), run.record)
  await returnLater(run, error.retryAfterSeconds)
  return 'failed'
}

const runUnprotected = async <TRecord>({ settings, record, call }: Run<TRecord>): Promise<MessageResult> => {
  try {
    await call(undefined)
    return 'acknowledged'
  } catch (error) {
    settings.report(error, record)
    return 'failed'
  }
}

export const endAsStored = <TRecord>(
  run: Run<TRecord>,
  { status }: SettledRecord,
): MessageResult | Promise<MessageResult> => (status === 'SUCCEEDED' ? 'acknowledged' : sendAway(run, 'failed'))

/**
 * Ends a message that can never succeed. The layer sends it to the dead-letter queue if one is configured for it.
 * Otherwise the message is returned, and its source decides how long it is delivered.
 */
export const sendAway = async <TRecord>(
  { settings, record, claimRequest, deadline }: Run<TRecord>,
  reason: 'failed' | 'mismatch',
): Promise<MessageResult> => {
  const isSent = await settings.source.sendToDeadLetter(record, { reason, record: claimRequest.recordKey }, deadline)
  return isSent ? 'acknowledged' : 'returned'
}

/**
 * The record holds another payload. If it keeps that payload, the message can never succeed. A run in progress may still
 * release the key, and then the message may run.
 */
export const endMismatched = async <TRecord>(run: Run<TRecord>): Promise<MessageResult> => {
  const { core, source } = run.settings
  if (!source.hasDeadLetter(run.record)) return 'returned'
  const stored = await peek(core, run.claimRequest).catch(() => undefined)
  const verdict = stored && verdictForOwner(run, stored)
  if (verdict?.kind === 'conflict') return returnLater(run, verdict.retryAfterSeconds)
  const isFree = verdict === undefined || (verdict.kind === 'takeOver' && verdict.reason !== 'abandoned')
  return isFree ? 'returned' : sendAway(run, 'mismatch')
}

/** The verdict for a request with the record's own payload. */
const verdictForOwner = <TRecord>({ settings: { core }, claimRequest }: Run<TRecord>, record: StoredRecord): Verdict =>
  judge(record, judgeTerms(core, { ...claimRequest, fingerprint: record.fingerprint }, core.runtime.now()))

export const returnLater = async <TRecord>(
  { settings, record, deadline }: Run<TRecord>,
  retryAfterSeconds: number | undefined,
): Promise<'returned'> => {
  if (retryAfterSeconds !== undefined) await settings.source.delayFor(record, retryAfterSeconds, deadline)
  return 'returned'
}
