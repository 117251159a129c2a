/**
 * A batch has to be delivered again as a whole. `onError` has received what the handlers threw. Lambda counts an error of
 * the invocation, waits before it tries again, and may halve the batch.
 */
export class BatchFailedError extends Error {
  override readonly name = 'BatchFailedError'
  /** The first message that is not done. */
  declare readonly messageId: string

  constructor(messageId: string, failed: number, all: number) {
    super(`${failed} of ${all} messages are not done; the first is ${messageId}`)
    this.messageId = messageId
  }
}
