export interface Turn<T> {
  /** Names of the chains it belongs to; the tasks of one chain run one after the other, in the order given. */
  readonly chains: readonly string[]
  readonly run: () => Promise<T>
}

/**
 * Runs all of them, at most `concurrency` at once. A task waits for its chains before it takes a slot, and only for
 * tasks before it, so no chain can keep another one waiting, whatever chains they share. `run` must not reject.
 */
export const inTurn = <T>(turns: readonly Turn<T>[], concurrency: number): Promise<readonly T[]> => {
  const inSlot = createSlots(concurrency)
  const last = new Map<string, Promise<unknown>>()
  return Promise.all(
    turns.map(({ chains, run }) => {
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
