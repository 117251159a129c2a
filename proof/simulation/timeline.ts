/** A scheduled event. */
export interface Timer {
  readonly at: number
  readonly order: number
  /** A background event, such as a TTL sweep, does not keep the schedule running. */
  readonly background: boolean
  /** `undefined` after it ran or was cancelled. */
  run: (() => void) | undefined
}

/** Virtual time: a queue of events. The earliest comes first; among equal times, the one added first. */
export class Timeline {
  now: number
  private readonly heap: Timer[] = []
  private added = 0
  private awaited = 0

  constructor(start: number) {
    this.now = start
  }

  at(time: number, run: () => void, background = false): Timer {
    // Whole milliseconds, as on a system clock. A pause with jitter may be fractional.
    const timer: Timer = { at: Math.max(Math.ceil(time), this.now), order: this.added++, background, run }
    if (!background) this.awaited++
    this.push(timer)
    return timer
  }

  after(span: number, run: () => void): Timer {
    return this.at(this.now + span, run)
  }

  cancel(timer: Timer): void {
    if (timer.run !== undefined && !timer.background) this.awaited--
    timer.run = undefined
  }

  /** Whether only background events are left. */
  get isQuiet(): boolean {
    return this.awaited === 0
  }

  /** Runs the next event. */
  step(): void {
    for (let timer = this.pop(); timer !== undefined; timer = this.pop()) {
      const { run } = timer
      if (run === undefined) continue
      if (!timer.background) this.awaited--
      timer.run = undefined
      this.now = timer.at
      run()
      return
    }
  }

  private push(timer: Timer): void {
    const { heap } = this
    let index = heap.length
    heap.push(timer)
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above] as Timer
      if (isBefore(parent, timer)) break
      heap[index] = parent
      index = above
    }
    heap[index] = timer
  }

  private pop(): Timer | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let below = 2 * index + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Timer, heap[below] as Timer)) below++
      const child = heap[below] as Timer
      if (isBefore(last, child)) break
      heap[index] = child
      index = below
    }
    heap[index] = last
    return first
  }
}

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
