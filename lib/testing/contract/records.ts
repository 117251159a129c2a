import { deepStrictEqual, ok } from 'node:assert/strict'
import type { RecordKey } from '../../core/identity/record-key.ts'
import type { Claim } from '../../core/record/claim.ts'
import { isSettled, type StoredRecord } from '../../core/record/record.ts'
import type { Settlement } from '../../core/record/store.ts'
import {
  assertKind,
  assertRecord,
  type Bench,
  type Case,
  ended,
  held,
  outcomeIn,
  stands,
  unhurried,
} from './fixture.ts'

const leaseOf = (record: StoredRecord): number | undefined =>
  record.status === 'IN_PROGRESS' ? record.leaseExpiresAt : undefined

/** 6. `renew` only ever moves a lease forward, and never gives one to a record that was abandoned. */
const LEASES: readonly Case[] = [
  {
    guarantee: 6,
    name: 'A shorter renewal that arrives late leaves the longer lease',
    run: async (bench) => {
      const { store, make } = bench
      const claim = await held(bench)
      await store.renew(claim, make.renewal(make.leaseEnd + 20_000), unhurried)
      await store.renew(claim, make.renewal(make.leaseEnd - 20_000), unhurried)
      deepStrictEqual(leaseOf(await stands(bench, claim.recordKey)), make.leaseEnd + 20_000)
    },
  },
  {
    guarantee: 6,
    name: 'A renewal that arrives after the claim was abandoned is lost',
    run: async (bench) => {
      const { store, make } = bench
      const claim = await ended(bench, make.abandoned())
      assertKind(await store.renew(claim, make.renewal(make.leaseEnd + 20_000), unhurried), 'lost')
      deepStrictEqual(leaseOf(await stands(bench, claim.recordKey)), undefined)
    },
  },
]

/** The claim's members as they stand after it has ended, but for the revision, which guarantee 3 counts. */
const settledAs = ({ leaseExpiresAt: _, revision: __, ...kept }: Claim, as: object) => ({ ...kept, ...as })

const assertSettled = async (bench: Bench, claim: Claim, as: object): Promise<void> => {
  const { revision: _, ...record } = await stands(bench, claim.recordKey)
  deepStrictEqual('leaseExpiresAt' in record ? record.leaseExpiresAt : undefined, undefined, 'the lease is removed')
  assertRecord(record as StoredRecord, settledAs(claim, as))
}

const membersOf = ({ kind: _, ...members }: Settlement): object => members

/** 7. `settle` keeps whatever it does not set, and removes the lease. Nothing is ever deleted. */
const ENDS: readonly Case[] = [
  {
    guarantee: 7,
    name: 'A completed record has its outcome and nothing of the lease',
    run: async (bench) => {
      const as = bench.make.completed(Uint8Array.of(1, 1, 52, 50))
      await assertSettled(bench, await ended(bench, as), membersOf(as))
    },
  },
  {
    guarantee: 7,
    name: 'A record that is completed as FAILED says so',
    run: async (bench) => {
      const as = bench.make.failed()
      await assertSettled(bench, await ended(bench, as), membersOf(as))
    },
  },
  {
    guarantee: 7,
    name: 'A released record stays, without outcome and lease',
    run: async (bench) => {
      const as = bench.make.released()
      await assertSettled(bench, await ended(bench, as), { ...membersOf(as), status: 'RELEASED' })
    },
  },
  {
    guarantee: 7,
    name: 'An abandoned record stays in progress, with its expiry and without a lease',
    run: async (bench) => {
      const as = bench.make.abandoned()
      await assertSettled(bench, await ended(bench, as), { ...membersOf(as), status: 'IN_PROGRESS' })
    },
  },
  {
    guarantee: 7,
    name: 'An abandoned record that never expires still does not',
    run: async (bench) => {
      const claim = await held(bench, { expiresAt: 'never' })
      await bench.store.settle(claim, bench.make.abandoned(), unhurried)
      deepStrictEqual((await stands(bench, claim.recordKey)).expiresAt, undefined)
    },
  },
]

const OUTCOMES: readonly (readonly [string, Uint8Array])[] = [
  ['no byte', new Uint8Array(0)],
  ['every byte', Uint8Array.from({ length: 256 }, (_, index) => index)],
]

/** As large as its store says that an outcome may be, up to this: more than DynamoDB holds. */
const LARGEST_BYTES = 512 * 1024

/** How long a read may miss what was just written. */
const CONSISTENT_AFTER_MS = 2_000

const peekSettled = async ({ store }: Bench, recordKey: RecordKey): Promise<StoredRecord | undefined> => {
  for (let waited = 0; ; waited += 50) {
    const record = await store.peek(recordKey, unhurried)
    if ((record !== undefined && isSettled(record)) || waited >= CONSISTENT_AFTER_MS) return record
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const assertKept = async (bench: Bench, claim: Claim, outcome: Uint8Array): Promise<void> => {
  const { store, make } = bench
  const given = Uint8Array.from(outcome)
  assertKind(await store.settle(claim, make.completed(given), unhurried), 'settled')
  given.fill(7) // what its maker does with the bytes later is no business of the record
  const { recordKey } = claim
  const met = await store.claim(make.claim({ recordKey }), unhurried)
  const refused = met.kind === 'occupied' && met.record !== undefined ? met.record : await bench.read(recordKey)
  for (const record of [refused, await peekSettled(bench, recordKey)]) {
    ok(Buffer.from(outcomeIn(record)).equals(outcome), 'the outcome comes back byte for byte')
  }
}

/** 8. A settled outcome comes back byte for byte. */
const BYTES: readonly Case[] = [
  ...OUTCOMES.map(
    ([name, outcome]): Case => ({
      guarantee: 8,
      name: `An outcome of ${name} comes back byte for byte, in a refusal and by peek`,
      run: async (bench) => assertKept(bench, await held(bench), outcome),
    }),
  ),
  {
    guarantee: 8,
    name: 'So does one as large as the store says that it has room for',
    run: async (bench) => {
      const claim = await held(bench)
      const { besideBytes, maxBytes } = bench.store.outcomeRoom(claim)
      const length = Math.min(maxBytes - besideBytes, LARGEST_BYTES)
      await assertKept(
        bench,
        claim,
        Uint8Array.from({ length }, (_, index) => (index * 31) % 251),
      )
    },
  },
]

export const RECORDS: readonly Case[] = [...LEASES, ...ENDS, ...BYTES]
