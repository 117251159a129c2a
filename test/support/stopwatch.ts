/** In milliseconds. */
const TICK = 10

export interface Stopwatch {
  /** Stops it, and returns the milliseconds. */
  stop(): number
}

/**
 * Measures the time in which this process could run. On a busy machine a process may wait for long, and a deadline that
 * was kept would look missed. So a tick counts at most twice its length.
 */
export const startStopwatch = (): Stopwatch => {
  let elapsed = 0
  let last = performance.now()
  const tick = (): void => {
    const now = performance.now()
    elapsed += Math.min(now - last, 2 * TICK)
    last = now
  }
  const timer = setInterval(tick, TICK).unref()
  return {
    stop: () => {
      clearInterval(timer)
      tick()
      return elapsed
    },
  }
}
