/** The options of {@link NotDoneError}. */
export interface NotDoneErrorOptions extends ErrorOptions {
  /** The HTTP status for hosts that turn errors into answers, such as Middy's `http-error-handler`. */
  readonly statusCode?: number | undefined
  /** As in `http-errors`: with `false`, such a host does not show the message. */
  readonly expose?: boolean | undefined
}

/** The options of {@link TerminalError}. */
export interface TerminalErrorOptions extends NotDoneErrorOptions {
  /** Any JSON value. The replayed error has it too. */
  readonly details?: unknown | undefined
}

class HandlerError extends Error {
  // `declare`: a field that the constructor does not set is no member, so logs do not show it.
  declare readonly statusCode?: number
  declare readonly expose?: boolean

  constructor(message?: string, options: NotDoneErrorOptions = {}) {
    super(message, options)
    if (options.statusCode !== undefined) this.statusCode = options.statusCode
    if (options.expose !== undefined) this.expose = options.expose
  }
}

/**
 * A handler throws it to state that nothing was done. The claim is released, and any retry may run, also with another
 * payload. The caller gets the error unchanged.
 *
 * @example
 * if (account.isLocked) throw new NotDoneError('The account is locked', { statusCode: 423 })
 */
export class NotDoneError extends HandlerError {
  override readonly name = 'NotDoneError'
}

/**
 * A handler throws it to state that this failure is the final outcome. The error is stored, and every retry gets an
 * equal error without a run.
 *
 * @example
 * throw new TerminalError('The card was declined', { statusCode: 402, details: { charge: charge.id } })
 */
export class TerminalError extends HandlerError {
  override readonly name = 'TerminalError'
  declare readonly details?: unknown

  constructor(message: string, options: TerminalErrorOptions = {}) {
    super(message, options)
    if (options.details !== undefined) this.details = options.details
  }
}
