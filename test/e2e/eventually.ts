import { setTimeout as sleep } from 'node:timers/promises'

/** Looks until it sees it. The suite waits for things that happen by themselves: leases that end, messages that return. */
export const eventually = async <T>(
  look: () => Promise<T>,
  isThere: (value: T) => boolean,
  withinSeconds: number,
): Promise<T> => {
  for (const until = Date.now() + withinSeconds * 1_000; ; await sleep(500)) {
    const value = await look()
    if (isThere(value)) return value
    if (Date.now() > until) throw new Error(`Not seen within ${withinSeconds} s; last: ${JSON.stringify(value)}`)
  }
}
