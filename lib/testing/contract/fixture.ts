import { deepStrictEqual, fail } from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import type { RecordKey } from '../../core/identity/record-key.ts'
import type { Claim } from '../../core/record/claim.ts'
import { isSettled, type StoredRecord } from '../../core/record/record.ts'
import type { Settlement, Store } from '../../core/record/store.ts'
import type { ClaimParts, Claims } from '../claims.ts'

/** A store under test, and what to try it with. */
export interface Fixture {
  readonly store: Store
  readonly make: Claims
  read(recordKey: RecordKey): Promise<StoredRecord | undefined>
}

export type Guarantee = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9

/** A case as it is written down; `storeContract` makes a fixture for each. */
export interface Case {
  readonly guarantee: Guarantee
  readonly name: string
  readonly run: (fixture: Fixture) => Promise<void>
}

/** The signal of a caller with all the time in the world. */
export const unhurried: AbortSignal = new AbortController().signal
setMaxListeners(0, unhurried) // every call in flight listens to it

/** The ways to end a claim. */
export const SETTLEMENTS: readonly (readonly [string, (make: Claims) => Settlement])[] = [
  ['completed as SUCCEEDED', (make) => make.completed()],
  ['completed as FAILED', (make) => make.failed()],
  ['released', (make) => make.released()],
  ['abandoned', (make) => make.abandoned()],
]

/** Whatever a record may be; without a settlement it is in progress. */
export const STATES: readonly (readonly [string, ((make: Claims) => Settlement) | undefined])[] = [
  ['in progress', undefined],
  ...SETTLEMENTS,
]

/** A record in progress. */
export const holdClaim = async ({ store, make }: Fixture, parts: ClaimParts = {}): Promise<Claim> => {
  const claim = make.claim(parts)
  deepStrictEqual(await store.claim(claim, unhurried), { kind: 'claimed' })
  return claim
}

/** A record whose claim has ended so. */
export const endClaim = async (fixture: Fixture, as: Settlement | undefined): Promise<Claim> => {
  const claim = await holdClaim(fixture)
  if (as !== undefined) deepStrictEqual(await fixture.store.settle(claim, as, unhurried), { kind: 'settled' })
  return claim
}

export const readRecord = async ({ read }: Fixture, recordKey: RecordKey): Promise<StoredRecord> =>
  (await read(recordKey)) ?? fail('No record stands there')

/** An answer of some kind; which record it must carry is guarantee 5's to prove. */
export const assertKind = (answer: { readonly kind: string }, kind: string): void => deepStrictEqual(answer.kind, kind)

/** Equal in all that counts: a member that is `undefined` is absent, bytes are bytes in whatever class. */
export const assertRecord = (actual: StoredRecord | undefined, expected: object | undefined): void =>
  deepStrictEqual(plain(actual), plain(expected))

const plain = (record: object | undefined): object | undefined =>
  record === undefined
    ? undefined
    : Object.fromEntries(
        Object.entries(record)
          .filter(([, value]) => value !== undefined)
          .map(([member, value]) => [member, value instanceof Uint8Array ? Uint8Array.from(value) : value]),
      )

/** The outcome's bytes, of a settled record only. */
export const outcomeIn = (record: StoredRecord | undefined): Uint8Array =>
  record !== undefined && isSettled(record) ? Uint8Array.from(record.outcome) : fail('No outcome stands there')
