import { deepStrictEqual, fail } from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import type { RecordKey } from '../../core/identity/record-key.ts'
import type { Claim } from '../../core/record/claim.ts'
import { isSettled, type Steps, type StoredRecord } from '../../core/record/record.ts'
import type { Settlement, Store, TransactItem } from '../../core/record/store.ts'
import type { ClaimParts, Claims } from '../claims.ts'

/** A store under test, and the claims to test it with. */
export interface Fixture {
  readonly store: Store
  readonly make: Claims
  read(recordKey: RecordKey): Promise<StoredRecord | undefined>
}

/** ContractRows of your own, in a table that the store can write to in one transaction with a record. */
export interface ContractRows {
  /** An item that writes the row, on the condition that there is none. */
  put(id: string): TransactItem
  has(id: string): Promise<boolean> | boolean
}

export type Guarantee = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11

/** A test case. `storeContract` makes a fixture for each. */
export interface Case {
  readonly guarantee: Guarantee
  readonly name: string
  readonly run: (fixture: Fixture) => Promise<void>
}

/** The signal of a caller that never gives up. */
export const unhurried: AbortSignal = new AbortController().signal
setMaxListeners(0, unhurried) // every running call listens to it

/** The ways to end a claim. */
export const SETTLEMENTS: readonly (readonly [string, (make: Claims) => Settlement])[] = [
  ['completed as SUCCEEDED', (make) => make.completed()],
  ['completed as FAILED', (make) => make.failed()],
  ['released', (make) => make.released()],
  ['abandoned', (make) => make.abandoned()],
]

/** Every state of a record. Without a settlement it is in progress. */
export const STATES: readonly (readonly [string, ((make: Claims) => Settlement) | undefined])[] = [
  ['in progress', undefined],
  ...SETTLEMENTS,
]

/** Writes a record in progress. */
export const holdClaim = async ({ store, make }: Fixture, parts: ClaimParts = {}): Promise<Claim> => {
  const claim = make.claim(parts)
  deepStrictEqual(await store.claim(claim, unhurried), { kind: 'claimed' })
  return claim
}

/** Writes a record, and settles its claim in the given way. */
export const endClaim = async (fixture: Fixture, settlement: Settlement | undefined): Promise<Claim> => {
  const claim = await holdClaim(fixture)
  if (settlement !== undefined)
    deepStrictEqual(await fixture.store.settle(claim, settlement, unhurried), { kind: 'settled' })
  return claim
}

export const readRecord = async ({ read }: Fixture, recordKey: RecordKey): Promise<StoredRecord> =>
  (await read(recordKey)) ?? fail('There is no record')

/** Compares the kind only. Guarantee 5 checks the record in the answer. */
export const assertKind = (answer: { readonly kind: string }, kind: string): void => deepStrictEqual(answer.kind, kind)

/** Compares by value: an `undefined` member counts as absent, and the class of a byte array does not count. */
export const assertRecord = (actual: StoredRecord | undefined, expected: object | undefined): void =>
  deepStrictEqual(plain(actual), plain(expected))

const plain = (record: object | undefined): object | undefined =>
  record === undefined
    ? undefined
    : Object.fromEntries(
        Object.entries(record)
          .filter(([, value]) => value !== undefined)
          .map(([member, value]) => [member, plainValue(value)]),
      )

const plainValue = (value: unknown): unknown => {
  if (value instanceof Map) return new Map([...value].map(([name, kept]) => [name, plainValue(kept)]))
  return value instanceof Uint8Array ? Uint8Array.from(value) : value
}

/** Compares the steps only. `undefined`: there are none. */
export const assertSteps = (record: StoredRecord | undefined, expected: Steps | undefined): void =>
  deepStrictEqual(
    plainValue(record?.status === 'IN_PROGRESS' ? record.steps : (record as { steps?: Steps } | undefined)?.steps),
    plainValue(expected),
  )

/** How many times a race is run. */
const ROUNDS = 20

export const repeatedly = async (round: () => Promise<void>): Promise<void> => {
  for (let count = 0; count < ROUNDS; count++) await round()
}

/** The outcome's bytes. Fails if the record is not settled. */
export const outcomeIn = (record: StoredRecord | undefined): Uint8Array =>
  record !== undefined && isSettled(record) ? Uint8Array.from(record.outcome) : fail('There is no outcome')
