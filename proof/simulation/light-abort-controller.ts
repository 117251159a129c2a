import { DeadlineSignal } from './deadline-signal.ts'

/**
 * The parts of an `AbortController` that the lifecycle and a handler use. Node's own changes the prototype of its
 * signal, and the garbage collector then keeps much of a schedule alive.
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

/** Only for a process that does nothing but play schedules. The tests and the planted bugs use Node's own. */
export const useLightAbortControllers = (): void => {
  globalThis.AbortController = LightAbortController as typeof AbortController
}
