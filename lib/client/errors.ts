import type { ErrorCode } from '../core/errors.ts'

/** A call, an option or a part that cannot be right. Nothing was sent. */
export class UsageError extends TypeError {
  override readonly name = 'UsageError'
}

/** What an error knows about its call. */
export interface Facts {
  readonly key: string | undefined
  readonly attempts: number
  readonly response?: Response | undefined
  readonly cause?: unknown
  readonly code?: string | undefined
  readonly retryAfterSeconds?: number | undefined
}

/** A call ended without the answer of its operation. */
export class RequestError extends Error {
  override readonly name: string = 'RequestError'
  // `declare`: the constructor sets what is known.
  /** The key of the request. To go on with the same operation, send the same key again. */
  declare readonly key: string | undefined
  /** How often the request was sent. */
  declare readonly attempts: number
  /** The last answer, if there was one. Its body can be read. */
  declare readonly response: Response | undefined

  constructor(message: string, facts: Facts) {
    super(message)
    // Not enumerable, so no log shows the key or the answer.
    for (const [name, value] of Object.entries(facts)) Object.defineProperty(this, name, { value })
  }
}

/** The server refused the request, and says that it will refuse the same request again. */
export class RefusedError extends RequestError {
  override readonly name: string = 'RefusedError'
  /** The code of the problem: see docs/errors.md. */
  declare readonly code: ErrorCode | (string & {})
}

/**
 * The key belongs to another request, or cannot be used: `code` is `key-reused` or `key-invalid`. The client never takes
 * another key by itself, because another key is another operation. `attempts` is 0 if an operation's stored key is bound
 * to another request, and nothing was sent.
 */
export class KeyReusedError extends RefusedError {
  override readonly name = 'KeyReusedError'
}

/** There was no final answer. Whether the operation was done is not known, so keep the key. */
export class UnfinishedError extends RequestError {
  override readonly name: string = 'UnfinishedError'
  /** How many seconds the last answer asks to wait, if it says so. */
  declare readonly retryAfterSeconds: number | undefined
}

/** The deadline has passed, or will pass before the next attempt may begin. */
export class DeadlineError extends UnfinishedError {
  override readonly name = 'DeadlineError'
}

/** No attempt is left. */
export class AttemptsError extends UnfinishedError {
  override readonly name = 'AttemptsError'
}
