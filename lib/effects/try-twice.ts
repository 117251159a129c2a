import { type StoreStep, storeFailed } from '../core/events.ts'
import type { Claim } from '../core/record/claim.ts'
import type { Settings } from '../core/settings.ts'
import type { Millis } from '../core/time.ts'

const TRIES = 2

/** The store's answer to a write while the handler waits; `undefined` if no try got one in its time. */
export const tryTwice = async <T>(
  { runtime, emit }: Settings,
  { recordKey }: Claim,
  step: StoreStep,
  budget: () => Millis,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> => {
  for (let tried = 0; tried < TRIES; tried++) {
    const span = budget()
    if (span <= 0) return undefined
    try {
      return await runtime.withDeadline(span, send)
    } catch (error) {
      emit(() => storeFailed(recordKey, step, error))
    }
  }
  return undefined
}
