import { LRUCache } from 'lru-cache'
import type { RecordKey } from '../core/identity/record-key.ts'
import { checkOptions, integerBetween, OptionError } from '../core/option-rules.ts'
import { aClock, aStore } from '../core/options.ts'
import type { Claim } from '../core/record/claim.ts'
import { isExpired } from '../core/record/judge.ts'
import { isSettled, type SettledRecord, type StoredRecord } from '../core/record/record.ts'
import type { Settlement, Store } from '../core/record/store.ts'
import { type Runtime, systemRuntime } from '../core/runtime.ts'
import { later } from '../core/time.ts'

export interface CachedOptions {
  /** What the kept outcomes may measure together, in bytes, with 500 for each record: default 8,388,608 (8 MB). */
  readonly maxBytes?: number
  /** How many outcomes are kept: default 1,000. */
  readonly maxEntries?: number
  /** Clock. For tests only; default: the system's. */
  readonly runtime?: Pick<Runtime, 'now'>
}

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024
const DEFAULT_MAX_ENTRIES = 1_000

/** A record's strings, numbers and objects beside its outcome, in round figures. */
const RECORD_BYTES = 500

const WHERE = 'cached(store, options)'

/**
 * The same store, with settled outcomes kept in this process: the least recently asked for go first. A retry that comes
 * to the same process is replayed without a call to the store.
 *
 * Only a settled record is kept, because nobody changes one before it expires, and it is judged like one that came from
 * the store. It is not believed within `skew` of its end, where two clocks may disagree. So an answer from memory is the
 * answer that the store would have given, with one limit: what a person changes in the table by hand, other processes
 * see, and this one sees it only after the record has left its memory.
 *
 * Throws `OptionError` at once for options that cannot be right.
 *
 * @example
 * const store = cached(dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }))
 */
export const cached = (store: Store, options: CachedOptions = {}): Store => {
  const problem = aStore(store)
  if (problem !== undefined) throw new OptionError(WHERE, 'store', problem)
  checkOptions(WHERE, options, {
    maxBytes: { rule: integerBetween(1, Number.MAX_SAFE_INTEGER) },
    maxEntries: { rule: integerBetween(1, 1_000_000) },
    runtime: { rule: aClock },
  })
  const { maxBytes = DEFAULT_MAX_BYTES, maxEntries = DEFAULT_MAX_ENTRIES, runtime = systemRuntime } = options
  const records = new LRUCache<RecordKey, SettledRecord>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: ({ outcome }) => RECORD_BYTES + outcome.length,
  })

  const keep = (record: StoredRecord | undefined): void => {
    if (record === undefined || !isSettled(record)) return
    // A slice would hold on to all of the answer that it came in.
    records.set(record.recordKey, Object.freeze({ ...record, outcome: Uint8Array.from(record.outcome) }))
  }

  const recall = (recordKey: RecordKey): SettledRecord | undefined => {
    const record = records.get(recordKey)
    if (record === undefined || !isExpired(record.expiresAt, later(runtime.now(), store.skew))) return record
    records.delete(recordKey)
    return undefined
  }

  /** Whatever the store says last is what is kept. */
  const keepRecordOf = <A extends { readonly kind: string; readonly record?: StoredRecord }>(answer: A): A => {
    keep(answer.record)
    return answer
  }

  return {
    skew: store.skew,

    claim: async (wanted, by) => {
      const record = recall(wanted.recordKey)
      return record === undefined ? keepRecordOf(await store.claim(wanted, by)) : { kind: 'occupied', record }
    },

    takeOver: async (seen, wanted, by) => {
      records.delete(seen.recordKey)
      return keepRecordOf(await store.takeOver(seen, wanted, by))
    },
    renew: async (claim, to, by) => keepRecordOf(await store.renew(claim, to, by)),

    settle: async (claim, as, by) => {
      const answer = keepRecordOf(await store.settle(claim, as, by))
      if (answer.kind === 'settled' && as.kind === 'completed') keep(settledRecord(claim, as))
      return answer
    },

    peek: async (recordKey, by) => recall(recordKey) ?? store.peek(recordKey, by),
    outcomeRoom: (claim) => store.outcomeRoom(claim),
  }
}

/** The record as the completion left it; its revision is a lower bound, since renewals count too. */
const settledRecord = (claim: Claim, as: Extract<Settlement, { kind: 'completed' }>): SettledRecord => {
  const { leaseExpiresAt: _, ...kept } = claim
  const { status, outcome, settledAt, expiresAt } = as
  return { ...kept, status, outcome, settledAt, expiresAt, revision: claim.revision + 1 }
}
