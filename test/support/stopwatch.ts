/** In milliseconds. */
const TICK = 10

export interface Stopwatch {
  /** Stops it; in milliseconds. */
  stop(): number
}

/**
 * Time as this process was given it. A busy machine may leave a process waiting for long, and a deadline that is kept
 * would look missed: a tick counts twice its length at most.
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
