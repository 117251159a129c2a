import { Timeline } from '../../proof/simulation/timeline.ts'

/** A clock that moves to the next timer when nothing else is left to do. */
export interface VirtualTime {
  now(): number
  sleep(millis: number, until?: AbortSignal): Promise<void>
  /** Moves the clock until the promise settles, and returns its outcome. Throws if nothing is left to wait for. */
  until<T>(promise: Promise<T>): Promise<T>
}

/** Streams and digests of Node.js take a few turns of the event loop, and more on a busy machine. */
const TURNS = 5

/** In real milliseconds. */
const PATIENCE = 2_000

export const virtualTime = (start: number = Date.UTC(2026, 10, 2, 9, 30, 17)): VirtualTime => {
  const timeline = new Timeline(start)
  const settled = async (promise: Promise<unknown>): Promise<boolean> => {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    promise.then(settle, settle)
    for (let turn = 0; turn < TURNS && !isSettled; turn++) await new Promise(setImmediate)
    return isSettled
  }
  return {
    now: () => timeline.now,
    sleep: (millis, until) =>
      new Promise<void>((resolve) => {
        const timer = timeline.after(millis, resolve)
        until?.addEventListener('abort', () => {
          timeline.cancel(timer)
          resolve()
        })
      }),
    until: async (promise) => {
      for (let idle = 0; !(await settled(promise)); idle++) {
        if (idle > PATIENCE) throw new Error('Nothing is left to wait for')
        if (timeline.isQuiet) {
          await new Promise((resolve) => setTimeout(resolve, 1))
          continue
        }
        timeline.step()
        idle = 0
      }
      return promise
    },
  }
}
