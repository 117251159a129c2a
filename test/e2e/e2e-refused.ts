/** Why the suite cannot run here: one line for whoever started it, and no stack trace. */
export class E2eRefused extends Error {
  override readonly name = 'E2eRefused'
}
