import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'

/** One process for each core: what is played here computes, and waits for nothing. */
export const CORES: number = availableParallelism()

/** Whether this process is one of several that {@link inProcesses} has started. */
export const isPart: boolean = process.send !== undefined

/** Tells the process that started this one what was found. */
export const report = (found: unknown): void => {
  process.send?.(found)
}

/** Runs this program once for each list of arguments, at the same time. Throws if one of them ends without a report. */
export const inProcesses = <T>(lists: readonly (readonly string[])[]): Promise<readonly T[]> =>
  Promise.all(lists.map((list) => inProcess<T>(list)))

const inProcess = async <T>(list: readonly string[]): Promise<T> => {
  const child = fork(process.argv[1] as string, list, { execArgv: process.execArgv })
  let found: { readonly value: T } | undefined
  child.on('message', (value) => {
    found = { value: value as T }
  })
  const [status] = await once(child, 'exit')
  if (found === undefined) throw new Error(`The process for ${list.join(' ')} ended with ${status}`)
  return found.value
}
