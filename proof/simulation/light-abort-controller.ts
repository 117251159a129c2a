import { DeadlineSignal } from './deadline-signal.ts'

/**
 * As much of an `AbortController` as the lifecycle and a handler use of it. Node's own makes its signal by changing a
 * prototype, after which the garbage collector takes much of a schedule for alive.
 */
class LightAbortController {
  private readonly made = new DeadlineSignal()

  get signal(): AbortSignal {
    return this.made.asAbortSignal()
  }

  abort(): void {
    this.made.abort()
  }
}

/** For a process that does nothing but play schedules. The tests and the planted bugs run with Node's own. */
export const useLightAbortControllers = (): void => {
  globalThis.AbortController = LightAbortController as typeof AbortController
}
