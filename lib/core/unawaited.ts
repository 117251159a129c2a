/**
 * Takes the result of a user's function that the layer does not await. If it is a promise, of any kind or realm, its
 * rejection must not end the process and the effects of other requests with it.
 */
export const unawaited = (answer: unknown): void => {
  if (typeof answer === 'object') Promise.resolve(answer).catch(() => {})
}
