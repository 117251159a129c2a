/**
 * Takes the answer of a user's function that nobody waits for. Where it is a promise, of any kind or realm, its rejection
 * must not end the process, and with it the effects of other requests.
 */
export const unawaited = (answer: unknown): void => {
  if (typeof answer === 'object') Promise.resolve(answer).catch(() => {})
}
