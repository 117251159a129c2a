import type { MessagePart } from '../core/events.ts'

interface UnusableMessageErrorOptions extends ErrorOptions {
  readonly retryable?: boolean
}

/**
 * A part of a message cannot be used, so the message is not claimed. The error's own text names only the part, because
 * the error of `JSON.parse` or of a validator may quote the body. That error is the `cause`.
 */
export class UnusableMessageError extends Error {
  override readonly name = 'UnusableMessageError'
  declare readonly part: MessagePart
  declare readonly messageId: string
  /** True if one of your asynchronous functions rejected: the next delivery may succeed. */
  declare readonly retryable: boolean

  constructor(part: MessagePart, messageId: string, rule: string, options: UnusableMessageErrorOptions = {}) {
    super(`The ${part} of message ${messageId} cannot be used. ${rule}`, options)
    this.part = part
    this.messageId = messageId
    this.retryable = options.retryable ?? false
  }
}

/** The validator refused the body. The issues are the validator's own, and may quote the body. */
export class BodyInvalidError extends TypeError {
  override readonly name = 'BodyInvalidError'
  declare readonly issues: readonly { readonly message: string }[]

  constructor(issues: readonly { readonly message: string }[]) {
    super('The validator refused the body')
    this.issues = issues
  }
}
