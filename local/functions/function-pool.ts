import { type FunctionOptions, type FunctionProcess, startProcess } from './function-process.ts'
import type { Invoked } from './invoked.ts'

/** Each process takes about 60 MB. Further requests wait for their turn. */
const MAX_PROCESSES = 8

/** The processes of one function: one for each concurrent request, kept warm for the next requests. */
export interface FunctionPool {
  invoke(event: unknown): Promise<Invoked>
  stop(): Promise<void>
}

export const functionPool = (options: FunctionOptions): FunctionPool => {
  const all = new Set<FunctionProcess>()
  const idle: FunctionProcess[] = []
  const waiting: ((turn: undefined) => void)[] = []
  let busy = 0
  let stopped = false

  const take = (): FunctionProcess => {
    const warm = idle.pop()
    if (warm !== undefined && !warm.ended()) return warm
    if (warm !== undefined) {
      all.delete(warm) // it ended while it was idle
      return take()
    }
    const started = startProcess(options)
    all.add(started)
    return started
  }

  const give = (used: FunctionProcess): void => {
    if (used.ended()) all.delete(used)
    else idle.push(used)
  }

  /**
   * Waits for one of the turns. `busy` counts the invocations that have one; each passes it to the next when it ends.
   */
  const turn = async (): Promise<void> => {
    if (busy < MAX_PROCESSES) busy += 1
    else await new Promise((resolve) => waiting.push(resolve))
  }

  const pass = (): void => {
    const next = waiting.shift()
    if (next === undefined) busy -= 1
    else next(undefined)
  }

  const invoke = async (event: unknown): Promise<Invoked> => {
    await turn()
    try {
      if (stopped) return { kind: 'died' }
      const used = take()
      const invoked = await used.invoke(event)
      give(used)
      return invoked
    } finally {
      pass()
    }
  }

  const stop = async (): Promise<void> => {
    stopped = true
    await Promise.all([...all].map((one) => one.stop()))
  }
  return { invoke, stop }
}
