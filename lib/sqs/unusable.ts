import type { MessagePart } from '../core/events.ts'

/**
 * A part of a message that cannot be used. The message names the part only: what `JSON.parse` or a validator says may
 * quote the body. Their own error is the `cause`, for an `onError` that wants it.
 */
export class UnusableMessage extends Error {
  override readonly name = 'UnusableMessage'
  readonly part: MessagePart
  readonly messageId: string

  constructor(part: MessagePart, messageId: string, rule: string, options?: ErrorOptions) {
    super(`The ${part} of message ${messageId} cannot be used. ${rule}`, options)
    this.part = part
    this.messageId = messageId
  }
}
