import { LRUCache } from 'lru-cache'
import type { RecordKey } from '../core/identity/record-key.ts'
import { CACHED_RECORD_BYTES, DEFAULT_CACHE_BYTES, DEFAULT_CACHE_ENTRIES, MAX_CACHE_ENTRIES } from '../core/limits.ts'
import { checkOptions, integerBetween, OptionError } from '../core/option-rules.ts'
import { aClock, aStore } from '../core/options.ts'
import { isExpired } from '../core/record/judge.ts'
import { isSettled, type SettledRecord, type StoredRecord } from '../core/record/record.ts'
import { putRecord, settledRecord } from '../core/record/settled-record.ts'
import type { Store } from '../core/record/store.ts'
import { type Runtime, systemRuntime } from '../core/runtime.ts'
import { later } from '../core/time.ts'

export interface CachedOptions {
  /**
   * How many bytes all kept outcomes may take together, from 1. Each record counts 500 bytes in addition to its outcome.
   *
   * @default 8_388_608 (8 MB)
   */
  readonly maxBytes?: number
  /**
   * How many outcomes are kept: 1 to 1,000,000.
   *
   * @default 1_000
   */
  readonly maxEntries?: number
  /**
   * The clock. For tests only.
   *
   * @default the system's clock
   */
  readonly runtime?: Pick<Runtime, 'now'>
}

const WHERE = 'cached(store, options)'

/**
 * Returns the same store with a memory: it keeps settled outcomes in this process, and drops the least recently used first.
 * A retry that reaches the same process is replayed without a call to the store.
 *
 * It keeps only settled records, because no process changes one before it expires. It treats them like records from the
 * store, but does not use one within `skew` of its expiry, because two clocks may disagree there. So it answers as the store
 * would, with one limit: if a person changes a record in the table by hand, this process sees the change only after the
 * record has left its memory.
 *
 * Throws `OptionError` at construction for an option that cannot be right.
 *
 * @example
 * const store = cached(dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }))
 */
export const cached = (store: Store, options: CachedOptions = {}): Store => {
  const problem = aStore(store)
  if (problem !== undefined) throw new OptionError(WHERE, 'store', problem)
  checkOptions(WHERE, options, {
    maxBytes: { rule: integerBetween(1, Number.MAX_SAFE_INTEGER) },
    maxEntries: { rule: integerBetween(1, MAX_CACHE_ENTRIES) },
    runtime: { rule: aClock },
  })
  const { maxBytes = DEFAULT_CACHE_BYTES, maxEntries = DEFAULT_CACHE_ENTRIES, runtime = systemRuntime } = options
  const records = new LRUCache<RecordKey, SettledRecord>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: ({ outcome }) => CACHED_RECORD_BYTES + outcome.length,
  })

  const keep = (record: StoredRecord | undefined): void => {
    if (record === undefined || !isSettled(record)) return
    // A copy: a slice would keep the whole network answer in memory.
    records.set(record.recordKey, Object.freeze({ ...record, outcome: Uint8Array.from(record.outcome) }))
  }

  const recall = (recordKey: RecordKey): SettledRecord | undefined => {
    const record = records.get(recordKey)
    if (record === undefined || !isExpired(record.expiresAt, later(runtime.now(), store.skew))) return record
    records.delete(recordKey)
    return undefined
  }

  /** Keeps the record of the store's latest answer. */
  const keepRecordOf = <A extends { readonly kind: string; readonly record?: StoredRecord }>(answer: A): A => {
    keep(answer.record)
    return answer
  }

  return {
    skew: store.skew,

    claim: async (wanted, signal) => {
      const record = recall(wanted.recordKey)
      return record === undefined ? keepRecordOf(await store.claim(wanted, signal)) : { kind: 'occupied', record }
    },

    takeOver: async (seen, wanted, signal) => {
      records.delete(seen.recordKey)
      return keepRecordOf(await store.takeOver(seen, wanted, signal))
    },
    renew: async (claim, renewal, signal) => keepRecordOf(await store.renew(claim, renewal, signal)),

    nextGeneration: async (claim, generationAt, signal) =>
      keepRecordOf(await store.nextGeneration(claim, generationAt, signal)),

    checkpoint: async (claim, checkpoint, signal) => keepRecordOf(await store.checkpoint(claim, checkpoint, signal)),

    commit: async (claim, commit, signal) => {
      const known = commit.put !== undefined && commit.put.over === undefined ? recall(claim.recordKey) : undefined
      if (known !== undefined) return { kind: 'lost', record: known }
      const answer = await store.commit(claim, commit, signal)
      if (answer.kind === 'lost') keep(answer.record)
      if (answer.kind === 'committed')
        keep((commit.put === undefined ? settledRecord : putRecord)(claim, commit.completion))
      return answer
    },

    settle: async (claim, settlement, signal) => {
      const answer = keepRecordOf(await store.settle(claim, settlement, signal))
      if (answer.kind === 'settled' && settlement.kind === 'completed') keep(settledRecord(claim, settlement))
      return answer
    },

    peek: async (recordKey, signal) => recall(recordKey) ?? store.peek(recordKey, signal),
    outcomeRoom: (claim) => store.outcomeRoom(claim),
  }
}
