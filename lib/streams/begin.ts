import type { Begin } from '../batch/run.ts'
import { beginWaiting } from '../core/lifecycle/wait.ts'
import { millis } from '../core/time.ts'

/**
 * If another invocation holds the claim, waits for its end while there is time to run. A shard goes on only after this
 * message, so nothing is gained by answering at once: Lambda would deliver it again, and count that as a retry.
 */
export const beginPatiently: Begin = (core, request, decide, deadline) => {
  const left = deadline.left() - deadline.least
  // Without a known end the wait would have none either.
  const wait = Number.isFinite(left) ? millis(Math.max(0, left)) : undefined
  return beginWaiting(core, { ...request, wait }, decide)
}
