/** What was asked for cannot be started. The message is one line that names it, and says what to do. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
}
