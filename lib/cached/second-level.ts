import type { RecordKey } from '../core/identity/record-key.ts'
import type { Claim } from '../core/record/claim.ts'
import { isSettled, type SettledRecord } from '../core/record/record.ts'
import type { Runtime } from '../core/runtime.ts'
import { millis } from '../core/time.ts'

/**
 * A place for settled records that all processes share, in front of the store. It may forget them, and it may be slow or
 * down. `valkey(client, options)` of `lambda-once/valkey` makes one.
 */
export interface SecondLevel {
  get(recordKey: RecordKey): Promise<SettledRecord | undefined>
  /** Keeps the record until it expires, or shorter. */
  set(record: SettledRecord): Promise<void>
  forget(recordKey: RecordKey): Promise<void>
}

/** No answer waits longer for the second level. */
const BUDGET = millis(20)

/** After a failure the second level is left alone for so long, in milliseconds. */
const PAUSE_MILLIS = 1_000

/** A second level that never fails and never delays an answer by more than {@link BUDGET}. */
export interface BestEffort {
  /** The record that answers this claim, if the second level has it: settled, and of the same payload. */
  find(wanted: Claim): Promise<SettledRecord | undefined>
  /**
   * No answer of the store waits for it: the time of its request may end meanwhile. It has no limit, because Lambda may
   * freeze the process before its end, which is no failure.
   */
  keep(record: SettledRecord): void
  forget(recordKey: RecordKey): Promise<void>
}

export const NO_SECOND_LEVEL: BestEffort = {
  find: async () => undefined,
  keep: () => {},
  forget: async () => {},
}

export const bestEffort = (
  second: SecondLevel,
  { now, withDeadline }: Pick<Runtime, 'now' | 'withDeadline'>,
): BestEffort => {
  let pausedUntil = 0

  const tried = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
    if (now() < pausedUntil) return undefined
    try {
      return await call()
    } catch {
      pausedUntil = now() + PAUSE_MILLIS
      return undefined
    }
  }

  const awaited = <T>(call: () => Promise<T>): Promise<T | undefined> => tried(() => withDeadline(BUDGET, call))

  return {
    find: async ({ recordKey, fingerprint }) => {
      const record = await awaited(() => second.get(recordKey))
      // Another payload, and anything that is not settled, is for the store to judge.
      const fits = record?.recordKey === recordKey && record.fingerprint === fingerprint && isSettled(record)
      return fits ? record : undefined
    },
    keep: (record) => void tried(() => second.set(record)),
    forget: (recordKey) => awaited(() => second.forget(recordKey)),
  }
}
