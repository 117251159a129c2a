/** The suite cannot run on this machine. The message is one line; it is printed without a stack trace. */
export class E2eRefused extends Error {
  override readonly name = 'E2eRefused'
}
