import { IdempotencyError } from './errors.ts'
import { deriveFingerprint } from './identity/fingerprint.ts'
import { canonicalPayload } from './identity/payload.ts'
import { deriveRecordKey, keyText } from './identity/record-key.ts'
import { deciderOf } from './lifecycle/reconciliation.ts'
import { type ClaimRequest, type CommittedAnswer, type TimedContext, timesOf } from './lifecycle/request.ts'
import { run } from './lifecycle/run.ts'
import type { RunResult } from './lifecycle/run-result.ts'
import { checkOptions, isObject } from './option-rules.ts'
import { aWaitChoice, COMMON_RULES, type CommonOptions, readSettings, type WaitChoice, waitOf } from './options.ts'
import {
  asReplayed,
  decodeOutcome,
  type Outcome,
  outcomeOf,
  type StoredOutcome,
  valueOfOutcome,
} from './outcome/outcome.ts'
import { endingOfError, replayedError } from './outcome/outcome-policy.ts'
import type { HandlerClaim } from './record/handler-claim.ts'
import type { Settings } from './settings.ts'

/** The options of {@link once}. */
export interface OnceOptions extends CommonOptions<OnceRequest> {
  /**
   * What happens to a call while another with its key runs. `'reject'`: it throws `in-progress`. `{ waitSeconds }`, an
   * integer from 1 to 25: it waits that long for the value of the other call, and throws after that. It never waits
   * longer than the `context` has time.
   * @default 'reject'
   */
  readonly inProgress?: WaitChoice | undefined
}

/** One call of the function that {@link once} returns. */
export interface OnceRequest {
  /** The caller's idempotency key. A number must be a safe integer, and counts as its decimal text. */
  readonly key: string | number
  /** Whose key it is, or the literal `'single-tenant'`. */
  readonly tenant: string
  /** What the key stands for: any JSON value. The same key with another payload throws `key-reused`. */
  readonly payload: unknown
  /**
   * The Lambda context. With it, the lease is as long as this invocation can run.
   * @default a lease of 60 s, renewed for up to 900 s
   */
  readonly context?: TimedContext | undefined
  /**
   * When it aborts, the signal of the claim aborts too. If it has aborted before the claim, or aborts while the call waits
   * for another one, nothing runs and its reason is thrown.
   */
  readonly signal?: AbortSignal | undefined
}

export interface OnceResult<T> {
  /**
   * The value as JSON keeps it, in the first answer too: a `Date` is a string in the first answer and in every replay.
   * Bytes are always a `Buffer`.
   */
  readonly value: T
  /**
   * `created`: the function ran. `replayed`: an earlier call ran, and this is its value. `unstored`: it ran, but its
   * outcome could not be stored, so a retry may run it again. `unprotected`: it ran without a claim, because the store
   * was down.
   */
  readonly status: 'created' | 'replayed' | 'unstored' | 'unprotected'
}

/**
 * Runs `run` once for each key, and returns the value of that run to every later call. `run` gets `undefined` instead
 * of a claim if it runs unprotected.
 */
export type Once = <T>(
  request: OnceRequest,
  run: (claim: HandlerClaim | undefined) => T | Promise<T>,
) => Promise<OnceResult<T>>

/**
 * Makes a function that runs any async function once for each key, and returns its value to every later call.
 *
 * A call throws {@link IdempotencyError} with one of the codes `key-invalid`, `key-reused`, `in-progress`,
 * `outcome-unknown`, `replay-unavailable`, `idempotency-unavailable`, `scope-missing`, `payload-invalid` and
 * `store-misconfigured`. It also throws whatever your function throws. A `NotDoneError` releases the key, and a
 * `TerminalError` is stored. After any other error, whatever its status, the effect is in doubt: the same payload may
 * run again, with the same downstream keys.
 *
 * Throws `OptionError` at once for options that cannot be right.
 *
 * @example
 * const payOnce = once({ store: dynamoDbStore({ tableName }), operation: 'payments' })
 * const request = { key: order.id, tenant: order.merchantId, payload: order, context }
 * const { value, status } = await payOnce(request, (claim) =>
 *   stripe.paymentIntents.create(order.payment, { idempotencyKey: claim?.downstreamKey('charge') }),
 * )
 */
export const once = (options: OnceOptions): Once => {
  checkOptions('once(options)', options, { ...COMMON_RULES, inProgress: { rule: aWaitChoice } })
  const settings = readSettings('once(options)', options)
  const wait = waitOf(options.inProgress)
  return async <T>(request: OnceRequest, handler: (claim: HandlerClaim | undefined) => T | Promise<T>) => {
    if (!isObject(request)) throw new TypeError('once(options)(request, run): request must be an object')
    if (typeof handler !== 'function') throw new TypeError('once(options)(request, run): run must be a function')
    request.signal?.throwIfAborted()
    const claimRequest = claimRequestOf(settings, request)
    const ran = await run(
      settings,
      { ...claimRequest, wait, signal: request.signal, completionOf },
      {
        handler: async (claim) => keptForm(await underSignal(claim, request.signal, handler)),
        endingOfValue: ({ outcome }: KeptForm<T>) => ({ kind: 'complete', status: 'SUCCEEDED', outcome }),
        endingOfError,
        decide: deciderOf(options, {
          subject: request,
          endingOf: (done) => ({ kind: 'complete', status: 'SUCCEEDED', outcome: outcomeOf(done) }),
        }),
      },
    )
    return resultOf(ran)
  }
}

/** The request, with its identity. */
export const claimRequestOf = (
  { operation, runtime }: Settings,
  { tenant, key, payload, context }: OnceRequest,
): ClaimRequest => ({
  recordKey: deriveRecordKey({ operation, tenant, key: keyText(key) }),
  fingerprint: deriveFingerprint([{ kind: 'canonical', text: canonicalPayload(payload) }]),
  ...timesOf(context, runtime),
})

/** A value, as a replay will return it, and what is stored of it. */
interface KeptForm<T> {
  readonly value: T
  readonly outcome: Outcome
}

const keptForm = <T>(value: T): KeptForm<T> => {
  const outcome = outcomeOf(value)
  return { value: asReplayed(outcome, value), outcome }
}

const completionOf = (answer: unknown): CommittedAnswer => {
  const value = keptForm(answer)
  return { status: 'SUCCEEDED', outcome: value.outcome, value }
}

/**
 * Runs the handler with a claim whose signal also aborts when the request's signal does. `AbortSignal.any` is not used:
 * on Node 20 each use leaks memory in a long-lived signal.
 */
const underSignal = async <T>(
  claim: HandlerClaim | undefined,
  signal: AbortSignal | undefined,
  handler: (claim: HandlerClaim | undefined) => T | Promise<T>,
): Promise<T> => {
  if (claim === undefined || signal === undefined) return handler(claim)
  const either = new AbortController()
  const lost = claim.signal
  const abortAs = (source: AbortSignal) => (): void => either.abort(source.reason)
  const [abortAsLost, abortAsAsked] = [abortAs(lost), abortAs(signal)]
  lost.addEventListener('abort', abortAsLost)
  signal.addEventListener('abort', abortAsAsked)
  if (signal.aborted) abortAsAsked() // it aborted while the claim was being made
  try {
    return await handler({ ...claim, signal: either.signal })
  } finally {
    lost.removeEventListener('abort', abortAsLost)
    signal.removeEventListener('abort', abortAsAsked)
  }
}

const resultOf = <T>(ran: RunResult<KeptForm<T>>): OnceResult<T> => {
  if (ran.kind === 'refused') throw ran.error
  if (ran.kind === 'replay') return { value: replayedValue(decodeOutcome(ran.record.outcome)) as T, status: 'replayed' }
  const { value } = ran.value
  return { value, status: ran.status === 'unstored' || ran.status === 'unprotected' ? ran.status : 'created' }
}

/** Returns the value of a stored outcome, or throws its error. */
export const replayedValue = (outcome: StoredOutcome): unknown => {
  if (outcome.kind === 'error') throw replayedError(outcome.error)
  if (outcome.kind === 'unavailable') throw new IdempotencyError('replay-unavailable')
  return valueOfOutcome(outcome)
}
