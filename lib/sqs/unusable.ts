import type { MessagePart } from '../core/events.ts'

export interface UnusableMessageOptions extends ErrorOptions {
  readonly retryable?: boolean
}

/**
 * A part of a message that cannot be used. The message names the part only: what `JSON.parse` or a validator says may
 * quote the body. Their own error is the `cause`, for an `onError` that wants it.
 */
export class UnusableMessageError extends Error {
  override readonly name = 'UnusableMessage'
  readonly part: MessagePart
  readonly messageId: string
  /** Whether a later delivery may be usable: an asynchronous function of yours rejected. */
  readonly retryable: boolean

  constructor(part: MessagePart, messageId: string, rule: string, options: UnusableMessageOptions = {}) {
    super(`The ${part} of message ${messageId} cannot be used. ${rule}`, options)
    this.part = part
    this.messageId = messageId
    this.retryable = options.retryable ?? false
  }
}
