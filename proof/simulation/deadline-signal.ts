/**
 * The parts of an `AbortSignal` that a store call, a pause and a handler use. A real one would cost more than the rest
 * of a virtual store call.
 */
export class DeadlineSignal {
  aborted = false
  private listeners: (() => void)[] = []

  abort(): void {
    if (this.aborted) return
    this.aborted = true
    for (const listener of this.listeners.splice(0)) listener()
  }

  whenAborted(listener: () => void): void {
    if (this.aborted) listener()
    else this.listeners.push(listener)
  }

  /** Like the platform's: a listener that is added after the abort is not called. */
  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) this.listeners.push(listener)
  }

  asAbortSignal(): AbortSignal {
    return this as unknown as AbortSignal
  }
}

export const deadlineSignal = (signal: AbortSignal): DeadlineSignal => signal as unknown as DeadlineSignal
