import type { RecordKey } from '../core/identity/record-key.ts'
import type { Claim } from '../core/record/claim.ts'
import { isSettled, type SettledRecord } from '../core/record/record.ts'

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

/** No answer waits longer for the second level, in milliseconds. */
const BUDGET_MILLIS = 20

/** After a failure the second level is left alone for so long, in milliseconds. */
const PAUSE_MILLIS = 1_000

/** A second level that never fails and never delays an answer by more than {@link BUDGET_MILLIS}. */
export interface BestEffort {
  /** The record that answers this claim, if the second level has it: settled, and of the same payload. */
  find(wanted: Claim): Promise<SettledRecord | undefined>
  keep(record: SettledRecord): Promise<void>
  forget(recordKey: RecordKey): Promise<void>
}

export const NO_SECOND_LEVEL: BestEffort = {
  find: async () => undefined,
  keep: async () => {},
  forget: async () => {},
}

export const bestEffort = (second: SecondLevel, now: () => number): BestEffort => {
  let pausedUntil = 0

  const tried = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
    if (now() < pausedUntil) return undefined
    try {
      return await inTime(call())
    } catch {
      pausedUntil = now() + PAUSE_MILLIS
      return undefined
    }
  }

  return {
    find: async ({ recordKey, fingerprint }) => {
      const record = await tried(() => second.get(recordKey))
      // Another payload, and anything that is not settled, is for the store to judge.
      const fits = record?.recordKey === recordKey && record.fingerprint === fingerprint && isSettled(record)
      return fits ? record : undefined
    },
    keep: async (record) => tried(() => second.set(record)),
    forget: async (recordKey) => tried(() => second.forget(recordKey)),
  }
}

const inTime = async <T>(answer: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The second level is late')), BUDGET_MILLIS)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
