import type { RecordKey } from '../core/identity/record-key.ts'
import type { StoredRecord } from '../core/record/record.ts'
import type { Store } from '../core/record/store.ts'
import { systemRuntime } from '../core/runtime.ts'
import type { EpochMillis } from '../core/time.ts'
import { claimsAt } from './claims.ts'
import { ANSWERS, GIVEN_UP } from './contract/answers.ts'
import { type Case, type Fixture, type Guarantee, unhurried } from './contract/fixture.ts'
import { OWNERSHIP } from './contract/ownership.ts'
import { RACES } from './contract/races.ts'
import { RECORDS } from './contract/records.ts'

export interface StoreContractOptions {
  /**
   * The record as it readRecord, read with strong consistency. Default: the store's own `peek`, which is good enough where
   * that never misses what was just written.
   */
  readonly read?: ((recordKey: RecordKey) => Promise<StoredRecord | undefined>) | undefined
  /** The store's clock: no record of a case expires before a day after it. Default: the system's. */
  readonly now?: (() => EpochMillis) | undefined
}

/** One test of a store: `run` rejects, as `node:assert` does, where the store breaks the guarantee. */
export interface ContractCase {
  /** The number under which {@link Store} promises it. */
  readonly guarantee: Guarantee
  readonly name: string
  run(): Promise<void>
}

const CASES: readonly Case[] = [...RACES, ...OWNERSHIP, ...ANSWERS, ...RECORDS, ...GIVEN_UP]

/**
 * The numbered guarantees of {@link Store} as test cases, for any test runner. `open` is called once for each case; it
 * may answer the same store every time, since each case uses record keys of its own (operation `contract`).
 *
 * @example
 * for (const { guarantee, name, run } of storeContract(() => myStore())) test(`${guarantee}. ${name}`, run)
 */
export const storeContract = (
  open: () => Promise<Store> | Store,
  options: StoreContractOptions = {},
): readonly ContractCase[] =>
  CASES.map(({ guarantee, name, run }) => ({
    guarantee,
    name,
    run: async () => run(fixtureOf(await open(), options)),
  }))

const fixtureOf = (store: Store, { read, now = systemRuntime.now }: StoreContractOptions): Fixture => ({
  store,
  make: claimsAt(Math.floor(now() / 1_000) * 1_000), // whole seconds, since `expiresAt` may be kept in them
  read: read ?? ((recordKey) => store.peek(recordKey, unhurried)),
})
