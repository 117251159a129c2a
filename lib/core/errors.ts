/**
 * The errors that a caller can get in addition to the handler's own. The codes are stable: clients may switch on them.
 */
export type ErrorCode =
  | 'key-missing'
  | 'key-invalid'
  | 'key-reused'
  | 'in-progress'
  | 'outcome-unknown'
  | 'outcome-pending'
  | 'replay-unavailable'
  | 'idempotency-unavailable'
  | 'signature-invalid'
  | 'webhook-stale'
  | 'scope-missing'
  | 'payload-invalid'
  | 'event-unsupported'
  | 'store-misconfigured'

export interface ErrorFacts {
  /** HTTP status. */
  readonly status: number
  readonly title: string
  /** Whether the same request may succeed if the client sends it again later. */
  readonly retryable: boolean
  /** Whether a client that tries again keeps its idempotency key or makes a new one. */
  readonly key: 'keep' | 'rotate'
}

/** draft-ietf-httpapi-idempotency-key-header-07, section 2.7, asks for the statuses 400, 409 and 422. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorFacts>> = {
  'key-missing': { status: 400, title: 'The idempotency key is missing', retryable: false, key: 'keep' },
  'key-invalid': { status: 400, title: 'The idempotency key is not valid', retryable: false, key: 'rotate' },
  'key-reused': {
    status: 422,
    title: 'The idempotency key was used for another request',
    retryable: false,
    key: 'rotate',
  },
  'in-progress': {
    status: 409,
    title: 'A request with this idempotency key is in progress',
    retryable: true,
    key: 'keep',
  },
  'outcome-unknown': {
    status: 409,
    title: 'The outcome of an earlier attempt is unknown',
    retryable: false,
    key: 'keep',
  },
  'outcome-pending': {
    status: 409,
    title: 'The outcome of an earlier attempt is not known yet',
    retryable: true,
    key: 'keep',
  },
  'replay-unavailable': {
    status: 409,
    title: 'The request was done, but its answer cannot be replayed',
    retryable: false,
    key: 'keep',
  },
  'idempotency-unavailable': {
    status: 503,
    title: 'The idempotency store cannot be reached',
    retryable: true,
    key: 'keep',
  },
  'signature-invalid': { status: 401, title: 'The signature is not valid', retryable: false, key: 'keep' },
  'webhook-stale': { status: 400, title: 'The delivery is too old or too new', retryable: false, key: 'keep' },
  'scope-missing': { status: 500, title: 'The scope of the idempotency key is missing', retryable: false, key: 'keep' },
  'payload-invalid': { status: 500, title: 'The payload cannot be fingerprinted', retryable: false, key: 'keep' },
  'event-unsupported': {
    status: 500,
    title: 'The event is of a kind that is not supported',
    retryable: false,
    key: 'keep',
  },
  'store-misconfigured': {
    status: 500,
    title: 'The idempotency store is not set up correctly',
    retryable: false,
    key: 'keep',
  },
}

interface IdempotencyErrorOptions extends ErrorOptions {
  readonly retryAfterSeconds?: number | undefined
  readonly status?: number | undefined
}

/**
 * Thrown when the layer, not the handler, decides the answer. `code` says what happened. The message never contains the
 * raw key, the payload or the answer.
 *
 * @example
 * if (error instanceof IdempotencyError && error.code === 'in-progress') retryIn(error.retryAfterSeconds)
 */
export class IdempotencyError extends Error {
  override readonly name: string = 'IdempotencyError'
  // `declare`: a field that the constructor does not set is no member, so logs do not show it.
  declare readonly code: ErrorCode
  declare readonly retryable: boolean
  /** How long to wait before a retry, in seconds. Absent if that is not known. */
  declare readonly retryAfterSeconds?: number
  /** The HTTP status, if it differs from the usual one of the code. */
  declare readonly status?: number

  constructor(code: ErrorCode, detail?: string, options: IdempotencyErrorOptions = {}) {
    super(detail ?? ERRORS[code].title, options)
    this.code = code
    this.retryable = ERRORS[code].retryable
    if (options.retryAfterSeconds !== undefined) this.retryAfterSeconds = options.retryAfterSeconds
    if (options.status !== undefined) this.status = options.status
  }
}

/**
 * The store did not answer, or answered that it cannot serve the call now. Whether the write was applied is unknown.
 */
export class StoreUnavailableError extends IdempotencyError {
  override readonly name = 'StoreUnavailableError'
  constructor(detail: string, options?: ErrorOptions) {
    super('idempotency-unavailable', detail, options)
  }
}

/** Thrown by `lambda-once/effects` out of the handler: the caller gets it as the layer's own answer. */
export abstract class EffectError extends IdempotencyError {}

/**
 * The claim was lost while the handler used it, or the handler has ended: another invocation has taken the record over,
 * or may have. If the handler rejects with this error, the caller gets the stored outcome, or a conflict.
 */
export class ClaimLostError extends EffectError {
  override readonly name = 'ClaimLostError'
  constructor() {
    super('idempotency-unavailable', 'The claim was lost before the handler ended', { retryAfterSeconds: 1 })
  }
}

/** The start of a step that must not run twice could not be written, so the step did not run. */
export class StepNotStartedError extends EffectError {
  override readonly name = 'StepNotStartedError'
  constructor() {
    super('idempotency-unavailable', 'The start of a step could not be stored, so the step did not run', {
      retryAfterSeconds: 1,
    })
  }
}

/**
 * No send of a transaction got a final answer. If one may have been applied, the caller gets the committed answer or
 * `idempotency-unavailable` (503), whatever the handler makes of this error.
 */
export class TransactionUnansweredError extends EffectError {
  override readonly name = 'TransactionUnansweredError'
  constructor() {
    super('idempotency-unavailable', 'The transaction got no answer', { retryAfterSeconds: 1 })
  }
}

/** An earlier attempt may have run a step that must not run twice: a person has to decide. */
export class StepInDoubtError extends EffectError {
  override readonly name = 'StepInDoubtError'
  constructor() {
    super('outcome-unknown', 'An earlier attempt started a step that must not run twice, and its result is not known')
  }
}

/** The store refused for a reason that no retry can fix: no such table, no permission, another key schema. */
export class StoreMisconfiguredError extends IdempotencyError {
  override readonly name = 'StoreMisconfiguredError'
  constructor(detail: string, options?: ErrorOptions) {
    super('store-misconfigured', detail, options)
  }
}
