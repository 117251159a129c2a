/** Clock, timers and randomness. Tests replace it. */
export interface ClientRuntime {
  /** Epoch milliseconds. */
  now(): number
  /** Resolves after so many milliseconds, or as soon as `until` aborts, which it has not yet. Never rejects. */
  sleep(millis: number, until?: AbortSignal): Promise<void>
  /** At least 0 and less than 1. For jitter only. */
  random(): number
  /** A new idempotency key. */
  randomKey(): string
}

export const systemRuntime: ClientRuntime = {
  now: () => Date.now(),
  sleep: (millis, until) =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        until?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, millis)
      until?.addEventListener('abort', done)
    }),
  random: () => Math.random(),
  // Browsers have `crypto.randomUUID` in secure contexts only.
  randomKey: () => crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join('-'),
}
