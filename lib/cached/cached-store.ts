import { LRUCache } from 'lru-cache'
import type { Fingerprint } from '../core/identity/fingerprint.ts'
import type { RecordKey } from '../core/identity/record-key.ts'
import { CACHED_RECORD_BYTES, DEFAULT_CACHE_BYTES, DEFAULT_CACHE_ENTRIES, MAX_CACHE_ENTRIES } from '../core/limits.ts'
import { checkOptions, integerBetween, isObject, OptionError, type Rule } from '../core/option-rules.ts'
import { aClock, aStore } from '../core/options.ts'
import type { Claim } from '../core/record/claim.ts'
import { isExpired } from '../core/record/judge.ts'
import { type ClaimToken, isSettled, type SettledRecord, type StoredRecord } from '../core/record/record.ts'
import { putRecord, settledRecord } from '../core/record/settled-record.ts'
import type { Store } from '../core/record/store.ts'
import { type Runtime, systemRuntime } from '../core/runtime.ts'
import { later } from '../core/time.ts'
import { bestEffort, NO_SECOND_LEVEL, type SecondLevel } from './second-level.ts'

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
   * A place for settled outcomes that all processes share: `valkey(client, options)` of `lambda-once/valkey`. It is asked
   * before the store, for at most 20 ms, and believed only for a settled outcome of the same payload. After a failure it is
   * left alone for a second.
   *
   * @default none
   */
  readonly second?: SecondLevel
  /**
   * The clock, and with a second level `withDeadline`. For tests only.
   *
   * @default the system's
   */
  readonly runtime?: Pick<Runtime, 'now'> & Partial<Pick<Runtime, 'withDeadline'>>
}

const WHERE = 'cached(store, options)'

/** Far more one-shot writes than one process has under way at once. */
const MOST_SENT = 1_000

const aSecondLevel: Rule = (value) =>
  isObject(value) && ['get', 'set', 'forget'].every((name) => typeof value[name] === 'function')
    ? undefined
    : 'must be a second level, such as valkey(client, options)'

/**
 * Returns the same store with a memory: it keeps settled outcomes in this process, and drops the least recently used first.
 * A retry that reaches the same process is replayed without a call to the store.
 *
 * It keeps only settled records, because no process changes one before it expires. It uses one only for a request with the
 * record's payload, and not within `skew` of its expiry, because two clocks may disagree there. All else the store judges. So
 * it answers as the store would, with one limit: if a person changes or releases a record, or another payload has used an
 * override, requests with the old payload get the old outcome until it has left the memory of their process. An override
 * itself holds at once.
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
    second: { rule: aSecondLevel },
    runtime: { rule: aClock },
  })
  const { maxBytes = DEFAULT_CACHE_BYTES, maxEntries = DEFAULT_CACHE_ENTRIES, runtime = systemRuntime } = options
  const { now, withDeadline = systemRuntime.withDeadline } = runtime
  const second = options.second === undefined ? NO_SECOND_LEVEL : bestEffort(options.second, { now, withDeadline })
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

  const isOver = ({ expiresAt }: SettledRecord): boolean => isExpired(expiresAt, later(now(), store.skew))

  const recall = (recordKey: RecordKey): SettledRecord | undefined => {
    const record = records.get(recordKey)
    if (record === undefined || !isOver(record)) return record
    records.delete(recordKey)
    return undefined
  }

  /** What this process has kept for this payload. About any other the store judges: it may know of an override. */
  const recallOf = (recordKey: RecordKey, fingerprint: Fingerprint | undefined): SettledRecord | undefined => {
    const record = recall(recordKey)
    return record?.fingerprint === fingerprint ? record : undefined
  }

  /** The tokens of one-shot writes that were sent. Only the store knows what became of them. */
  const sent = new Set<ClaimToken>()

  const noteSent = ({ claimToken }: Claim): void => {
    sent.add(claimToken)
    const [oldest] = sent
    if (oldest !== undefined && sent.size > MOST_SENT) sent.delete(oldest)
  }

  /** What this process or the second level has kept. */
  const recallShared = async (wanted: Claim): Promise<SettledRecord | undefined> => {
    if (sent.has(wanted.claimToken)) return undefined
    const own = recallOf(wanted.recordKey, wanted.fingerprint)
    if (own !== undefined) return own
    const shared = await second.find(wanted)
    if (shared === undefined || isOver(shared)) return undefined
    keep(shared)
    return shared
  }

  /** Also for other processes. */
  const share = (record: StoredRecord | undefined): void => {
    keep(record)
    if (record !== undefined && isSettled(record)) second.keep(record)
  }

  /** Keeps the record of the store's latest answer. */
  const keepRecordOf = <A extends { readonly kind: string; readonly record?: StoredRecord }>(answer: A): A => {
    keep(answer.record)
    return answer
  }

  return {
    skew: store.skew,

    claim: async (wanted, signal) => {
      const known = await recallShared(wanted)
      if (known !== undefined) return { kind: 'occupied', record: known }
      const answer = await store.claim(wanted, signal)
      if (answer.kind === 'occupied') share(answer.record)
      return answer
    },

    takeOver: async (seen, wanted, signal) => {
      records.delete(seen.recordKey)
      await second.forget(seen.recordKey)
      return keepRecordOf(await store.takeOver(seen, wanted, signal))
    },
    renew: async (claim, renewal, signal) => keepRecordOf(await store.renew(claim, renewal, signal)),

    nextGeneration: async (claim, next, signal) => keepRecordOf(await store.nextGeneration(claim, next, signal)),

    checkpoint: async (claim, checkpoint, signal) => keepRecordOf(await store.checkpoint(claim, checkpoint, signal)),

    commit: async (claim, commit, signal) => {
      const known = commit.put !== undefined && commit.put.over === undefined ? await recallShared(claim) : undefined
      if (known !== undefined) return { kind: 'lost', record: known }
      if (commit.put !== undefined) noteSent(claim)
      const answer = await store.commit(claim, commit, signal)
      if (answer.kind === 'lost') keep(answer.record)
      if (answer.kind === 'committed')
        share((commit.put === undefined ? settledRecord : putRecord)(claim, commit.completion))
      return answer
    },

    settle: async (claim, settlement, signal) => {
      const answer = keepRecordOf(await store.settle(claim, settlement, signal))
      if (answer.kind === 'settled' && settlement.kind === 'completed') share(settledRecord(claim, settlement))
      return answer
    },

    peek: async (recordKey, signal, wanted) => recallOf(recordKey, wanted) ?? store.peek(recordKey, signal, wanted),
    outcomeRoom: (claim) => store.outcomeRoom(claim),
  }
}
