export interface NotDoneErrorOptions extends ErrorOptions {
  /** For hosts that turn errors into answers, such as Middy's `http-error-handler`. */
  readonly statusCode?: number | undefined
  /** As in `http-errors`: `false` keeps such a host from showing the message. */
  readonly expose?: boolean | undefined
}

export interface TerminalErrorOptions extends NotDoneErrorOptions {
  /** Anything JSON can hold; comes back with the replayed error. */
  readonly details?: unknown | undefined
}

class HandlerError extends Error {
  // `declare`: what the constructor does not set is no member, and so not in a log.
  declare readonly statusCode?: number
  declare readonly expose?: boolean

  constructor(message?: string, options: NotDoneErrorOptions = {}) {
    super(message, options)
    if (options.statusCode !== undefined) this.statusCode = options.statusCode
    if (options.expose !== undefined) this.expose = options.expose
  }
}

/**
 * Thrown by a handler to state that nothing was done: the claim is released, and any retry may run, with another payload
 * too. The error reaches the caller as it is.
 */
export class NotDoneError extends HandlerError {
  override readonly name = 'NotDoneError'
}

/**
 * Thrown by a handler to state that this failure is the final outcome: it is stored, and every retry gets an equal
 * error without a run.
 */
export class TerminalError extends HandlerError {
  override readonly name = 'TerminalError'
  declare readonly details?: unknown

  constructor(message: string, options: TerminalErrorOptions = {}) {
    super(message, options)
    if (options.details !== undefined) this.details = options.details
  }
}
