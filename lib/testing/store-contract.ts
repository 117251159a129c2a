import type { RecordKey } from '../core/identity/record-key.ts'
import type { StoredRecord } from '../core/record/record.ts'
import type { Store } from '../core/record/store.ts'
import { systemRuntime } from '../core/runtime.ts'
import type { EpochMillis } from '../core/time.ts'
import { claimsAt } from './claims.ts'
import { ANSWERS, GIVEN_UP } from './contract/answers.ts'
import { CHECKPOINTS } from './contract/checkpoints.ts'
import { commitCases } from './contract/commits.ts'
import { FENCES } from './contract/fences.ts'
import { type Case, type ContractRows, type Fixture, type Guarantee, unhurried } from './contract/fixture.ts'
import { KEPT_STEPS } from './contract/kept-steps.ts'
import { OWNERSHIP } from './contract/ownership.ts'
import { RACES } from './contract/races.ts'
import { RECORDS } from './contract/records.ts'

export interface StoreContractOptions {
  /**
   * Reads the current record with strong consistency. Needed if the store's `peek` may miss the latest write.
   *
   * @default the store's `peek`
   */
  readonly read?: ((recordKey: RecordKey) => Promise<StoredRecord | undefined>) | undefined
  /**
   * The store's clock. The records of a case expire a day later.
   *
   * @default the system's clock
   */
  readonly now?: (() => EpochMillis) | undefined
  /**
   * ContractRows for the transactions of `commit`. Each case writes rows with new ids.
   *
   * @default none; the cases of `commit` are left out
   */
  readonly rows?: ContractRows | undefined
}

/** One test of a store. `run` rejects with an `AssertionError` of `node:assert` if the store breaks the guarantee. */
export interface ContractCase {
  /** The guarantee's number in {@link Store}. */
  readonly guarantee: Guarantee
  readonly name: string
  run(): Promise<void>
}

const CASES: readonly Case[] = [
  ...RACES,
  ...OWNERSHIP,
  ...FENCES,
  ...ANSWERS,
  ...RECORDS,
  ...CHECKPOINTS,
  ...KEPT_STEPS,
  ...GIVEN_UP,
]

/**
 * Returns test cases for the numbered guarantees of {@link Store}, for any test runner. Each case calls `open` once. `open`
 * may return the same store every time, because each case uses new record keys (operation `contract`).
 *
 * @example
 * for (const { guarantee, name, run } of storeContract(() => myStore())) test(`${guarantee}. ${name}`, run)
 */
export const storeContract = (
  open: () => Promise<Store> | Store,
  options: StoreContractOptions = {},
): readonly ContractCase[] =>
  [...CASES, ...(options.rows === undefined ? [] : commitCases(options.rows))].map(({ guarantee, name, run }) => ({
    guarantee,
    name,
    run: async () => run(fixtureOf(await open(), options)),
  }))

const fixtureOf = (store: Store, { read, now = systemRuntime.now }: StoreContractOptions): Fixture => ({
  store,
  make: claimsAt(Math.floor(now() / 1_000) * 1_000), // whole seconds, because a store may keep `expiresAt` in seconds
  read: read ?? ((recordKey) => store.peek(recordKey, unhurried)),
})
