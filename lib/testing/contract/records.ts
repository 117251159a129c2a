import { deepStrictEqual, ok } from 'node:assert/strict'
import type { RecordKey } from '../../core/identity/record-key.ts'
import type { Claim } from '../../core/record/claim.ts'
import { isSettled, type StoredRecord } from '../../core/record/record.ts'
import type { Settlement } from '../../core/record/store.ts'
import { epochMillis } from '../../core/time.ts'
import {
  assertKind,
  assertRecord,
  type Case,
  endClaim,
  type Fixture,
  holdClaim,
  outcomeIn,
  readRecord,
  unhurried,
} from './fixture.ts'

const leaseOf = (record: StoredRecord): number | undefined =>
  record.status === 'IN_PROGRESS' ? record.leaseExpiresAt : undefined

/** 6. `renew` only moves a lease forward, and never gives one to an abandoned record. */
const LEASES: readonly Case[] = [
  {
    guarantee: 6,
    name: 'A shorter renewal that arrives late keeps the longer lease',
    run: async (fixture) => {
      const { store, make } = fixture
      const claim = await holdClaim(fixture)
      await store.renew(claim, make.renewal(make.leaseEnd + 20_000), unhurried)
      await store.renew(claim, make.renewal(make.leaseEnd - 20_000), unhurried)
      deepStrictEqual(leaseOf(await readRecord(fixture, claim.recordKey)), make.leaseEnd + 20_000)
    },
  },
  {
    guarantee: 6,
    name: 'A renewal that arrives after the claim was abandoned is lost',
    run: async (fixture) => {
      const { store, make } = fixture
      const claim = await endClaim(fixture, make.abandoned())
      assertKind(await store.renew(claim, make.renewal(make.leaseEnd + 20_000), unhurried), 'lost')
      deepStrictEqual(leaseOf(await readRecord(fixture, claim.recordKey)), undefined)
    },
  },
]

/** The claim's members after it has ended, except the revision, which guarantee 3 checks. */
const settledAs = ({ leaseExpiresAt: _, revision: __, ...kept }: Claim, settlement: object) => ({
  ...kept,
  ...settlement,
})

const assertSettled = async (fixture: Fixture, claim: Claim, settlement: object): Promise<void> => {
  const { revision: _, ...record } = await readRecord(fixture, claim.recordKey)
  deepStrictEqual('leaseExpiresAt' in record ? record.leaseExpiresAt : undefined, undefined, 'the lease is removed')
  assertRecord(record as StoredRecord, settledAs(claim, settlement))
}

const membersOf = ({ kind: _, ...members }: Settlement): object => members

/** 7. `settle` keeps every attribute that it does not set, and removes the lease. It deletes no record. */
const ENDS: readonly Case[] = [
  {
    guarantee: 7,
    name: 'A completed record has its outcome, and no lease',
    run: async (fixture) => {
      const settlement = fixture.make.completed(Uint8Array.of(1, 1, 52, 50))
      await assertSettled(fixture, await endClaim(fixture, settlement), membersOf(settlement))
    },
  },
  {
    guarantee: 7,
    name: 'A record that is completed as FAILED has this status',
    run: async (fixture) => {
      const settlement = fixture.make.failed()
      await assertSettled(fixture, await endClaim(fixture, settlement), membersOf(settlement))
    },
  },
  {
    guarantee: 7,
    name: 'A released record remains, without outcome and lease',
    run: async (fixture) => {
      const settlement = fixture.make.released()
      await assertSettled(fixture, await endClaim(fixture, settlement), {
        ...membersOf(settlement),
        status: 'RELEASED',
      })
    },
  },
  {
    guarantee: 7,
    name: 'An abandoned record stays in progress, with its expiry and without a lease',
    run: async (fixture) => {
      const settlement = fixture.make.abandoned()
      await assertSettled(fixture, await endClaim(fixture, settlement), {
        ...membersOf(settlement),
        status: 'IN_PROGRESS',
      })
    },
  },
  {
    guarantee: 7,
    name: 'An abandoned record without an expiry stays without one',
    run: async (fixture) => {
      const claim = await holdClaim(fixture, { expiresAt: 'never' })
      await fixture.store.settle(claim, fixture.make.abandoned(), unhurried)
      deepStrictEqual((await readRecord(fixture, claim.recordKey)).expiresAt, undefined)
    },
  },
  {
    guarantee: 7,
    name: 'An abandoned record keeps how many claims ran nothing, with and without the time of the next question',
    run: async (fixture) => {
      for (const deferred of [{ reconciles: 2 }, { reconciles: 2, reconcileAt: epochMillis(fixture.make.leaseEnd) }]) {
        const claim = await endClaim(fixture, { kind: 'abandoned', deferred })
        await assertSettled(fixture, claim, { status: 'IN_PROGRESS', ...deferred })
      }
    },
  },
]

const OUTCOMES: readonly (readonly [string, Uint8Array])[] = [
  ['no byte', new Uint8Array(0)],
  ['every byte', Uint8Array.from({ length: 256 }, (_, index) => index)],
]

/** Upper limit for the large outcome of the test, because a store may have no limit. DynamoDB's is lower. */
const LARGEST_BYTES = 512 * 1024

/** How long `peek` may miss the latest write. */
const CONSISTENT_AFTER_MS = 2_000

const peekSettled = async ({ store }: Fixture, recordKey: RecordKey): Promise<StoredRecord | undefined> => {
  for (let waited = 0; ; waited += 50) {
    const record = await store.peek(recordKey, unhurried)
    if ((record !== undefined && isSettled(record)) || waited >= CONSISTENT_AFTER_MS) return record
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const assertKept = async (fixture: Fixture, claim: Claim, outcome: Uint8Array): Promise<void> => {
  const { store, make } = fixture
  const given = Uint8Array.from(outcome)
  assertKind(await store.settle(claim, make.completed(given), unhurried), 'settled')
  given.fill(7) // a later change of the caller's buffer must not change the record
  const { recordKey } = claim
  const met = await store.claim(make.claim({ recordKey }), unhurried)
  const refused = met.kind === 'occupied' && met.record !== undefined ? met.record : await fixture.read(recordKey)
  for (const record of [refused, await peekSettled(fixture, recordKey)]) {
    ok(Buffer.from(outcomeIn(record)).equals(outcome), 'the outcome comes back byte for byte')
  }
}

/** 8. A settled outcome comes back byte for byte. */
const BYTES: readonly Case[] = [
  ...OUTCOMES.map(
    ([name, outcome]): Case => ({
      guarantee: 8,
      name: `An outcome of ${name} comes back byte for byte, in a refusal and by peek`,
      run: async (fixture) => assertKept(fixture, await holdClaim(fixture), outcome),
    }),
  ),
  {
    guarantee: 8,
    name: 'An outcome of the largest size that the store has room for comes back byte for byte',
    run: async (fixture) => {
      const claim = await holdClaim(fixture)
      const { besideBytes, maxBytes } = fixture.store.outcomeRoom(claim)
      const length = Math.min(maxBytes - besideBytes, LARGEST_BYTES)
      await assertKept(
        fixture,
        claim,
        Uint8Array.from({ length }, (_, index) => (index * 31) % 251),
      )
    },
  },
]

export const RECORDS: readonly Case[] = [...LEASES, ...ENDS, ...BYTES]
