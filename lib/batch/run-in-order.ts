export interface Task<T> {
  /** The chains that this task belongs to. Tasks of one chain run one after the other, in the given order. */
  readonly chains: readonly string[]
  /** Must not reject. */
  readonly run: () => Promise<T>
}

/**
 * Runs all tasks, at most `concurrency` at once. A task waits for its chains before it takes a slot, and waits only for
 * tasks before it in the list. So there is no deadlock, whichever chains the tasks share.
 */
export const runInOrder = <T>(tasks: readonly Task<T>[], concurrency: number): Promise<readonly T[]> => {
  const inSlot = createSlots(concurrency)
  const last = new Map<string, Promise<unknown>>()
  return Promise.all(
    tasks.map(({ chains, run }) => {
      const before = chains.flatMap((chain) => last.get(chain) ?? [])
      const done = before.length === 0 ? inSlot(run) : Promise.all(before).then(() => inSlot(run))
      for (const chain of chains) last.set(chain, done)
      return done
    }),
  )
}

const createSlots = (count: number): (<T>(run: () => Promise<T>) => Promise<T>) => {
  const waiting: (() => void)[] = []
  let free = count
  return async (run) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}
