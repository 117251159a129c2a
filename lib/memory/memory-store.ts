import { StoreUnavailableError } from '../core/errors.ts'
import type { RecordKey } from '../core/identity/record-key.ts'
import { DEFAULT_SKEW_SECONDS, MAX_ITEM_BYTES, MAX_SKEW_SECONDS, WRITE_UNIT_BYTES } from '../core/limits.ts'
import { aFunction, checkOptions, integerBetween } from '../core/option-rules.ts'
import { type Claim, recordOf } from '../core/record/claim.ts'
import { isExpired } from '../core/record/judge.ts'
import {
  isOwnCheckpoint,
  isOwnClaim,
  isOwnGeneration,
  isOwnRenewal,
  isOwnSettlement,
} from '../core/record/own-write.ts'
import type { InProgressRecord, Steps, StoredRecord } from '../core/record/record.ts'
import { putRecord } from '../core/record/settled-record.ts'
import type { ClaimAnswer, RefusalReason, Store, TransactItem } from '../core/record/store.ts'
import { systemRuntime } from '../core/runtime.ts'
import { type EpochMillis, fromSeconds } from '../core/time.ts'
import { settledRecord, withSteps } from './settled.ts'

export interface MemoryStoreOptions {
  /**
   * The store's clock, in epoch milliseconds.
   *
   * @default the system's clock
   */
  readonly now?: (() => EpochMillis) | undefined
  /**
   * How far a host's clock may be from the store's, in seconds: 0 to 60.
   *
   * @default 2
   */
  readonly skewSeconds?: number | undefined
  /**
   * Stands in for your own tables in `transact`: applies all items and returns `undefined`, or applies none and returns why,
   * one entry for each item.
   *
   * @default none; `transact` throws `TypeError`
   */
  readonly transact?:
    | ((items: readonly TransactItem[]) => readonly (RefusalReason | undefined)[] | undefined)
    | undefined
}

/** A store for tests, and the reference model of all stores. Its records live in one process, and end with it. */
export interface MemoryStore extends Store {
  /** Returns the current record, without the eventual consistency of `peek`. */
  read(recordKey: RecordKey): StoredRecord | undefined
  /** Deletes the expired records, as DynamoDB's TTL does from time to time. */
  sweep(): void
}

/** DynamoDB's limits: an item holds 400 KB, a write unit 1 KB. */
const ROOM = Object.freeze({ besideBytes: 512, unitBytes: WRITE_UNIT_BYTES, maxBytes: MAX_ITEM_BYTES })

/**
 * A store that keeps records in memory, for tests. Throws `OptionError` at construction for an option that cannot be right.
 *
 * @example
 * const runtime = testRuntime()
 * const store = memoryStore({ now: runtime.now })
 */
export const memoryStore = (options: MemoryStoreOptions = {}): MemoryStore => {
  checkOptions('memoryStore(options)', options, {
    now: { rule: aFunction },
    skewSeconds: { rule: integerBetween(0, MAX_SKEW_SECONDS) },
    transact: { rule: aFunction },
  })
  const { now = systemRuntime.now, skewSeconds = DEFAULT_SKEW_SECONDS, transact } = options
  const records = new Map<RecordKey, StoredRecord>()

  const occupied = (record: StoredRecord, wanted: Claim): ClaimAnswer =>
    isOwnClaim(record, wanted) ? { kind: 'claimed' } : { kind: 'occupied', record, storeTime: now() }

  const write = (record: StoredRecord): void => {
    records.set(record.recordKey, Object.freeze(record))
  }

  return {
    skew: fromSeconds(skewSeconds),

    claim: async (wanted, signal) => {
      assertAwaited(signal)
      const record = records.get(wanted.recordKey)
      if (record !== undefined) return occupied(record, wanted)
      write(recordOf(wanted))
      return { kind: 'claimed' }
    },

    takeOver: async (seen, wanted, signal) => {
      assertAwaited(signal)
      const record = records.get(wanted.recordKey)
      if (record === undefined) return { kind: 'gone' }
      if (!isSeen(record, seen)) return occupied(record, wanted)
      write(recordOf(wanted))
      return { kind: 'claimed' }
    },

    renew: async (claim, renewal, signal) => {
      assertAwaited(signal)
      const record = records.get(claim.recordKey)
      if (record === undefined) return { kind: 'lost' }
      if (
        isHeldBy(record, claim) &&
        record.leaseExpiresAt !== undefined &&
        record.leaseExpiresAt < renewal.leaseExpiresAt
      ) {
        const { leaseExpiresAt, expiresAt = record.expiresAt } = renewal
        write({ ...record, leaseExpiresAt, expiresAt, revision: record.revision + 1 })
        return { kind: 'renewed' }
      }
      return isOwnRenewal(record, claim, renewal) ? { kind: 'renewed' } : { kind: 'lost', record }
    },

    nextGeneration: async (claim, { generationAt }, signal) => {
      assertAwaited(signal)
      const record = records.get(claim.recordKey)
      if (record === undefined) return { kind: 'lost' }
      const isUnmoved = isHeldBy(record, claim) && record.leaseExpiresAt !== undefined
      if (isUnmoved && record.generation === claim.generation) {
        const { reconciles: _, steps: __, ...kept } = record
        write({ ...kept, generation: claim.attempt, generationAt, revision: record.revision + 1 })
        return { kind: 'begun' }
      }
      return isOwnGeneration(record, claim) ? { kind: 'begun' } : { kind: 'lost', record }
    },

    checkpoint: async (claim, { steps, isNew = false }, signal) => {
      assertAwaited(signal)
      const record = records.get(claim.recordKey)
      if (record === undefined) return { kind: 'lost' }
      if (isHeldBy(record, claim) && !(isNew && (record.leaseExpiresAt === undefined || hasAny(record, steps)))) {
        write({ ...record, steps: withSteps(record, steps), revision: record.revision + 1 })
        return { kind: 'kept' }
      }
      return isOwnCheckpoint(record, claim, steps) ? { kind: 'kept' } : { kind: 'lost', record }
    },

    commit: async (claim, { completion, items, put }, signal) => {
      assertAwaited(signal)
      const record = records.get(claim.recordKey)
      const isFree = put === undefined ? record !== undefined && isHeldBy(record, claim) : isSeen(record, put.over)
      if (!isFree) {
        if (record === undefined) return { kind: 'lost' }
        const isOwn = isOwnSettlement(record, claim, completion)
        return isOwn ? { kind: 'committed' } : { kind: 'lost', record, storeTime: now() }
      }
      if (transact === undefined) return { kind: 'mistaken', error: new TypeError(NO_TABLES), isOnlySend: true }
      const reasons = transact(items)
      if (reasons !== undefined) return { kind: 'refused', reasons, isOnlySend: true }
      const completed = { ...completion, outcome: Uint8Array.from(completion.outcome) }
      write(put === undefined ? settledRecord(record as InProgressRecord, completed) : putRecord(claim, completed))
      return { kind: 'committed' }
    },

    settle: async (claim, settlement, signal) => {
      assertAwaited(signal)
      const record = records.get(claim.recordKey)
      if (record === undefined) return { kind: 'lost' }
      if (isHeldBy(record, claim) && !(settlement.kind === 'abandoned' && record.leaseExpiresAt === undefined)) {
        write(settledRecord(record, settlement))
        return { kind: 'settled' }
      }
      return isOwnSettlement(record, claim, settlement) ? { kind: 'settled' } : { kind: 'lost', record }
    },

    peek: async (recordKey, signal) => {
      assertAwaited(signal)
      return records.get(recordKey)
    },

    outcomeRoom: () => ROOM,
    read: (recordKey) => records.get(recordKey),

    sweep: () => {
      for (const [recordKey, { expiresAt }] of records) {
        if (expiresAt !== undefined && isExpired(expiresAt, now())) records.delete(recordKey)
      }
    },
  }
}

const NO_TABLES = 'memoryStore(options): a transaction needs the option transact, which stands in for your tables'

const assertAwaited = (signal: AbortSignal): void => {
  if (signal.aborted) throw new StoreUnavailableError('The caller of the store has given up')
}

const isHeldBy = (record: StoredRecord, claim: Claim): record is InProgressRecord =>
  record.claimToken === claim.claimToken && record.status === 'IN_PROGRESS'

const isSeen = (record: StoredRecord | undefined, seen: StoredRecord | undefined): boolean =>
  record?.claimToken === seen?.claimToken && record?.revision === seen?.revision

const hasAny = ({ steps }: InProgressRecord, wanted: Steps): boolean =>
  [...wanted.keys()].some((name) => steps?.has(name))
