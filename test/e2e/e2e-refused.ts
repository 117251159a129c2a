/** The suite cannot run on this machine. The message is one line; it is printed without a stack trace. */
export class E2eRefusedError extends Error {
  override readonly name = 'E2eRefusedError'
}
