import { IdempotencyError, type StoreMisconfiguredError, type StoreUnavailableError } from '../core/errors.ts'
import { begin, type HeldClaim } from '../core/lifecycle/begin.ts'
import { peek } from '../core/lifecycle/peek.ts'
import { type Refusal, refusalError } from '../core/lifecycle/refusal.ts'
import { type HandlerThrew, type RunResult, runClaimed } from '../core/lifecycle/run.ts'
import { settle } from '../core/lifecycle/settle.ts'
import { outcomeOf } from '../core/outcome/outcome.ts'
import { endingOfError } from '../core/outcome/outcome-policy.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import { judge, type Verdict } from '../core/record/judge.ts'
import type { SettledRecord, StoredRecord } from '../core/record/record.ts'
import type { Settings } from '../core/settings.ts'
import type { Deadline } from './deadline.ts'
import type { IdentifiedMessage } from './identity.ts'
import type { SqsSettings } from './options.ts'
import { endPoison, isPoison } from './poison.ts'
import { report } from './report.ts'

/** What became of a message that was brought before the store. */
export type MessageResult =
  | { readonly kind: 'acknowledged' }
  | { readonly kind: 'returned' }
  /** Returned, and its handler did run: a twin in the same batch is not run at once again. */
  | { readonly kind: 'failed' }
  /** Returned, because the store did not answer. */
  | { readonly kind: 'unanswered'; readonly error: StoreUnavailableError | StoreMisconfiguredError }

export interface Run<TBody> {
  readonly settings: SqsSettings<TBody>
  readonly identified: IdentifiedMessage<TBody>
  readonly deadline: Deadline
  readonly call: (claim: HandlerClaim | undefined) => unknown
}

const ACKNOWLEDGED: MessageResult = { kind: 'acknowledged' }
const RETURNED: MessageResult = { kind: 'returned' }
const FAILED: MessageResult = { kind: 'failed' }

/** Claims the message, runs it where the claim is won, and says what to tell the queue. */
export const tryMessage = async <TBody>(run: Run<TBody>): Promise<MessageResult> => {
  const begun = await begin(run.settings.core, run.identified.claimRequest)
  switch (begun.kind) {
    case 'run':
      return runHeld(run, begun.held)
    case 'unprotected':
      return runUnprotected(run)
    case 'replay':
      return endAsStored(run, begun.record)
    case 'conflict':
      return returnFor(run, begun.retryAfterSeconds)
    case 'mismatch':
      report(run.settings.onError, refusalOf(run, begun), run.identified.record)
      return endMismatched(run)
    case 'outcomeUnknown':
      report(run.settings.onError, refusalOf(run, begun), run.identified.record)
      return RETURNED
    case 'misconfigured':
      report(run.settings.onError, begun.error, run.identified.record) // nobody but the operator can mend it
      return { kind: 'unanswered', error: begun.error }
    case 'unavailable':
      return { kind: 'unanswered', error: begun.error }
  }
}

/** Nobody but a person can end it, who has to find the record. */
const refusalOf = <TBody>({ identified }: Run<TBody>, refusal: Refusal): IdempotencyError => {
  const { code, message } = refusalError(refusal)
  return new IdempotencyError(code, `${message} (record ${identified.claimRequest.recordKey})`)
}

const runHeld = async <TBody>(run: Run<TBody>, held: HeldClaim): Promise<MessageResult> => {
  const { settings, identified } = run
  if (isPoison(held.claim, settings.maxRuns)) {
    return (await endPoison(settings, identified.record, held, run.deadline.left)) === 'buried'
      ? ACKNOWLEDGED
      : RETURNED
  }
  // Winning the claim took the time that the run would need; nothing has been done, and any retry may do it.
  if (!run.deadline.hasTime()) {
    await settle(settings.core, held, { kind: 'release' })
    return RETURNED
  }
  return runStarted(run, held)
}

const runStarted = async <TBody>(run: Run<TBody>, held: HeldClaim): Promise<MessageResult> => {
  const ran = await runClaimed(run.settings.core, held, {
    handler: run.call,
    endingOfValue: (value) => ({ kind: 'complete', status: 'SUCCEEDED', outcome: outcomeOf(value) }),
    endingOfError: endingOfError,
  })
  return ran.kind === 'threw' ? endAsThrown(run, ran) : endAsRan(run, ran)
}

/** A final failure is the message's end, unless another run has taken the claim over: then what that one did counts. */
const endAsThrown = <TBody>(
  run: Run<TBody>,
  { error, settled }: HandlerThrew,
): MessageResult | Promise<MessageResult> => {
  report(run.settings.onError, error, run.identified.record)
  if (endingOfError(error).kind !== 'complete') return FAILED
  if (settled.kind === 'replay') return endAsStored(run, settled.record)
  return settled.kind === 'conflict' ? returnFor(run, settled.retryAfterSeconds) : sendAway(run, 'failed')
}

/** A run whose outcome could not be stored is acknowledged: its effect is done (`unstored: 'fail'` returns it). */
const endAsRan = <TBody>(run: Run<TBody>, ran: RunResult<unknown>): MessageResult | Promise<MessageResult> => {
  if (ran.kind === 'replay') return endAsStored(run, ran.record)
  if (ran.kind === 'refused') return returnFor(run, ran.error.retryAfterSeconds)
  return ACKNOWLEDGED
}

const runUnprotected = async <TBody>({ settings, identified, call }: Run<TBody>): Promise<MessageResult> => {
  try {
    await call(undefined)
    return ACKNOWLEDGED
  } catch (error) {
    report(settings.onError, error, identified.record)
    return FAILED
  }
}

const endAsStored = <TBody>(run: Run<TBody>, { status }: SettledRecord): MessageResult | Promise<MessageResult> =>
  status === 'SUCCEEDED' ? ACKNOWLEDGED : sendAway(run, 'failed')

/** A message that will never succeed goes to the dead-letter queue: by itself on FIFO, else by being returned. */
const sendAway = async <TBody>(
  { settings, identified, deadline }: Run<TBody>,
  reason: 'failed' | 'mismatch',
): Promise<MessageResult> => {
  const { record, claimRequest } = identified
  const buried = await settings.queue.bury(record, { reason, record: claimRequest.recordKey }, deadline.left)
  return buried === true ? ACKNOWLEDGED : RETURNED
}

/**
 * Another payload holds the key. Where that is certain to stay so, the message never succeeds; where the run of the
 * other payload is still in progress, it may yet release the key.
 */
const endMismatched = async <TBody>(run: Run<TBody>): Promise<MessageResult> => {
  const { settings, identified } = run
  if (!settings.queue.mayBury(identified.record)) return RETURNED
  const verdict = await peek(settings.core, identified.claimRequest).then(
    (record) => record && verdictOfOwner(settings.core, record),
    () => undefined,
  )
  if (verdict?.kind === 'conflict') return returnFor(run, verdict.retryAfterSeconds)
  const isFree = verdict === undefined || (verdict.kind === 'takeOver' && verdict.reason !== 'abandoned')
  return isFree ? RETURNED : sendAway(run, 'mismatch')
}

/** How the record would be judged for the payload that it has. */
const verdictOfOwner = ({ store, runtime, abandoned }: Settings, record: StoredRecord): Verdict =>
  judge(record, { fingerprint: record.fingerprint, now: runtime.now(), skew: store.skew, abandoned })

const returnFor = async <TBody>(
  { settings, identified, deadline }: Run<TBody>,
  retryAfterSeconds: number | undefined,
): Promise<MessageResult> => {
  if (retryAfterSeconds !== undefined) await settings.queue.hideFor(identified.record, retryAfterSeconds, deadline.left)
  return RETURNED
}
