/**
 * Thrown by a handler to state that surely nothing was done: the claim is released, and any retry may run, with
 * another payload too. The error reaches the caller as it is.
 */
export class NotDoneError extends Error {
  override readonly name = 'NotDoneError'
}

export interface TerminalErrorOptions extends ErrorOptions {
  /** Anything JSON can hold; comes back with the replayed error. */
  readonly details?: unknown | undefined
  /** For hosts that turn errors into answers, such as Middy's `http-error-handler`. */
  readonly statusCode?: number | undefined
  /** As in `http-errors`: `false` keeps such a host from showing the message. */
  readonly expose?: boolean | undefined
}

/**
 * Thrown by a handler to state that this failure is the final outcome: it is stored, and every retry gets an equal
 * error without a run.
 */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
  // `declare`: what the constructor does not set is no member, and so not in a log.
  declare readonly details?: unknown
  declare readonly statusCode?: number
  declare readonly expose?: boolean

  constructor(message: string, options: TerminalErrorOptions = {}) {
    super(message, options)
    if (options.details !== undefined) this.details = options.details
    if (options.statusCode !== undefined) this.statusCode = options.statusCode
    if (options.expose !== undefined) this.expose = options.expose
  }
}
