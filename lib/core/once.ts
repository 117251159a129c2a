import { IdempotencyError } from './errors.ts'
import { deriveFingerprint } from './identity/fingerprint.ts'
import { canonicalPayload } from './identity/payload.ts'
import { deriveRecordKey, keyText } from './identity/record-key.ts'
import { type TimedContext, timesOf } from './lifecycle/request.ts'
import { type RunResult, run } from './lifecycle/run.ts'
import { checkOptions, isObject } from './option-rules.ts'
import { COMMON_RULES, type CommonOptions, readSettings } from './options.ts'
import { decodeOutcome, type Outcome, outcomeOf, type StoredOutcome, valueOfOutcome } from './outcome/outcome.ts'
import { endingOfError, replayedError } from './outcome/outcome-policy.ts'
import type { HandlerClaim } from './record/handler-claim.ts'

export type OnceOptions = CommonOptions

export interface OnceRequest {
  /** The caller's idempotency key. A number counts as its decimal text, and must be a safe integer. */
  readonly key: string | number
  /** Whose key it is, or the literal `'single-tenant'`. */
  readonly tenant: string
  /** What the key stands for: any JSON value. The same key with another payload is `key-reused`. */
  readonly payload: unknown
  /** The Lambda context, so that the lease is as long as this invocation can run. */
  readonly context?: TimedContext | undefined
  /** Aborts the claim's own signal too. */
  readonly signal?: AbortSignal | undefined
}

export interface OnceResult<T> {
  /**
   * As JSON keeps it, the first time too: a `Date` is a string in the first answer and in every replay. Bytes are a
   * `Buffer` each time.
   */
  readonly value: T
  readonly status: 'created' | 'replayed' | 'unstored' | 'unprotected'
}

export type Once = <T>(
  request: OnceRequest,
  run: (claim: HandlerClaim | undefined) => T | Promise<T>,
) => Promise<OnceResult<T>>

/**
 * Runs any async function once per key, and gives every later call its value.
 *
 * Throws {@link IdempotencyError} with the codes `key-invalid`, `key-reused`, `in-progress`, `outcome-unknown`,
 * `replay-unavailable`, `idempotency-unavailable`, `scope-missing`, `payload-invalid`, `store-misconfigured`; and
 * whatever the function throws. A `NotDoneError` releases the key, and a `TerminalError` is stored. After any other error,
 * whatever its status, the effect is in doubt: the same payload may run again, under the same downstream keys. Options
 * that cannot be right throw `OptionError` at once.
 */
export const once = (options: OnceOptions): Once => {
  checkOptions('once(options)', options, COMMON_RULES)
  const settings = readSettings('once(options)', options)
  return async <T>(request: OnceRequest, handler: (claim: HandlerClaim | undefined) => T | Promise<T>) => {
    if (!isObject(request)) throw new TypeError('once(options)(request, run): request must be an object')
    if (typeof handler !== 'function') throw new TypeError('once(options)(request, run): run must be a function')
    request.signal?.throwIfAborted()
    const claimRequest = {
      recordKey: deriveRecordKey({ operation: settings.operation, tenant: request.tenant, key: keyText(request.key) }),
      fingerprint: deriveFingerprint([{ kind: 'canonical', text: canonicalPayload(request.payload) }]),
      ...timesOf(request.context, settings.runtime),
    }
    let outcome: Outcome = { kind: 'none' }
    const ran = await run(settings, claimRequest, {
      handler: (claim) => underSignal(claim, request.signal, handler),
      endingOfValue: (value: T) => {
        outcome = outcomeOf(value)
        return { kind: 'complete', status: 'SUCCEEDED', outcome }
      },
      endingOfError,
    })
    return resultOf(ran, () => outcome)
  }
}

/**
 * With a claim whose signal aborts with the request's too. Not by `AbortSignal.any`: on Node 20 each use leaves something
 * behind in a signal that lives for long.
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
  if (signal.aborted) abortAsAsked() // while the claim was being won
  try {
    return await handler({ ...claim, signal: either.signal })
  } finally {
    lost.removeEventListener('abort', abortAsLost)
    signal.removeEventListener('abort', abortAsAsked)
  }
}

const resultOf = <T>(ran: RunResult<T>, stored: () => Outcome): OnceResult<T> => {
  if (ran.kind === 'refused') throw ran.error
  if (ran.kind === 'replay') return { value: replayedValue(decodeOutcome(ran.record.outcome)) as T, status: 'replayed' }
  const outcome = ran.standing === 'unprotected' ? outcomeOf(ran.value) : stored()
  const isKept = outcome.kind === 'json' || outcome.kind === 'bytes'
  const value = isKept ? (keptValue(outcome) as T) : ran.value
  return { value, status: ran.standing === 'unstored' || ran.standing === 'unprotected' ? ran.standing : 'created' }
}

/** What a replay will give, the first time too. */
const keptValue = (outcome: Extract<Outcome, { kind: 'json' | 'bytes' }>): unknown =>
  valueOfOutcome(outcome.kind === 'json' ? { kind: 'json', value: JSON.parse(outcome.text) } : outcome)

/** The value of a stored outcome, or its error. */
const replayedValue = (outcome: StoredOutcome): unknown => {
  if (outcome.kind === 'error') throw replayedError(outcome.error)
  if (outcome.kind === 'unavailable') throw new IdempotencyError('replay-unavailable')
  return valueOfOutcome(outcome)
}
