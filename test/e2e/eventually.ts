import { setTimeout as sleep } from 'node:timers/promises'

/** Polls until the condition holds, such as the end of a lease or the return of a message. */
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
