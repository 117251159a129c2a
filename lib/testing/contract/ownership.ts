import { deepStrictEqual } from 'node:assert/strict'
import { recordOf } from '../../core/record/claim.ts'
import {
  assertKind,
  assertRecord,
  type Case,
  endClaim,
  holdClaim,
  readRecord,
  SETTLEMENTS,
  unhurried,
} from './fixture.ts'

/** 2. `claim` writes only if there is no record. `takeOver` writes only over the exact record that was seen. */
const PLACES: readonly Case[] = [
  {
    guarantee: 2,
    name: 'A claim of a new key writes a complete record',
    run: async (fixture) => {
      const claim = await holdClaim(fixture)
      assertRecord(await fixture.read(claim.recordKey), { ...claim, status: 'IN_PROGRESS' })
    },
  },
  {
    guarantee: 2,
    name: 'A claim without an expiry writes a record without one',
    run: async (fixture) => {
      const { recordKey } = await holdClaim(fixture, { expiresAt: 'never' })
      deepStrictEqual((await readRecord(fixture, recordKey)).expiresAt, undefined)
    },
  },
  {
    guarantee: 2,
    name: 'A claim of a key with a record is refused',
    run: async (fixture) => {
      const claim = await holdClaim(fixture)
      assertKind(await fixture.store.claim(fixture.make.claim({ recordKey: claim.recordKey }), unhurried), 'occupied')
      assertRecord(await fixture.read(claim.recordKey), recordOf(claim))
    },
  },
  ...SETTLEMENTS.map(
    ([name, settlement]): Case => ({
      guarantee: 2,
      name: `A record that is ${name} is taken over as it was seen, and none of its outcome or lease remains`,
      run: async (fixture) => {
        const { recordKey } = await endClaim(fixture, settlement(fixture.make))
        const seen = await readRecord(fixture, recordKey)
        const claim = fixture.make.takeOver(seen, { payload: 'other' })
        assertKind(await fixture.store.takeOver(seen, claim, unhurried), 'claimed')
        assertRecord(await fixture.read(recordKey), recordOf(claim))
      },
    }),
  ),
  {
    guarantee: 2,
    name: 'A take-over fails if the owner has written since, although the token is the same',
    run: async (fixture) => {
      const { store, make } = fixture
      const claim = await holdClaim(fixture)
      await store.renew(claim, make.renewal(make.leaseEnd + 1_000), unhurried)
      assertKind(await store.takeOver(recordOf(claim), make.takeOver(recordOf(claim)), unhurried), 'occupied')
    },
  },
  {
    guarantee: 2,
    name: 'A take-over fails if another has taken over since, although the revision is the same',
    run: async (fixture) => {
      const { store, make } = fixture
      const seen = { ...recordOf(await holdClaim(fixture)), claimToken: make.claim().claimToken }
      assertKind(await store.takeOver(seen, make.takeOver(seen), unhurried), 'occupied')
    },
  },
  {
    guarantee: 2,
    name: 'A take-over of a deleted record writes nothing, and answers `gone`',
    run: async ({ store, make, read }) => {
      const seen = recordOf(make.claim())
      deepStrictEqual(await store.takeOver(seen, make.takeOver(seen), unhurried), { kind: 'gone' })
      assertRecord(await read(seen.recordKey), undefined)
    },
  },
]

const AFTER_THE_END = [
  ['released', 'completed'],
  ['completed', 'released'],
  ['completed', 'abandoned'],
  ['released', 'abandoned'],
] as const

/** 3. `renew` and `settle` write only to a record in progress under the claim's own token, and add one to its revision. */
const FENCE: readonly Case[] = [
  {
    guarantee: 3,
    name: 'A renewal moves lease and expiry, and adds one to the revision',
    run: async (fixture) => {
      const { store, make } = fixture
      const claim = await holdClaim(fixture)
      const renewal = make.renewal(make.leaseEnd + 20_000, make.expiry + 20_000)
      deepStrictEqual(await store.renew(claim, renewal, unhurried), { kind: 'renewed' })
      assertRecord(await fixture.read(claim.recordKey), { ...recordOf(claim), ...renewal, revision: 2 })
    },
  },
  {
    guarantee: 3,
    name: 'A renewal without an expiry keeps the stored one',
    run: async (fixture) => {
      const { store, make } = fixture
      const claim = await holdClaim(fixture)
      const { leaseExpiresAt } = make.renewal(make.leaseEnd + 20_000)
      await store.renew(claim, { leaseExpiresAt, expiresAt: undefined }, unhurried)
      assertRecord(await fixture.read(claim.recordKey), { ...recordOf(claim), leaseExpiresAt, revision: 2 })
    },
  },
  ...SETTLEMENTS.map(
    ([name, settlement]): Case => ({
      guarantee: 3,
      name: `A claim that is ${name} adds one to the revision, and two after a renewal`,
      run: async (fixture) => {
        const { store, make } = fixture
        const claim = await endClaim(fixture, settlement(make))
        deepStrictEqual((await readRecord(fixture, claim.recordKey)).revision, 2)
        const renewed = await holdClaim(fixture)
        await store.renew(renewed, make.renewal(make.leaseEnd + 1), unhurried)
        await store.settle(renewed, settlement(make), unhurried)
        deepStrictEqual((await readRecord(fixture, renewed.recordKey)).revision, 3)
      },
    }),
  ),
  ...SETTLEMENTS.map(
    ([name, settlement]): Case => ({
      guarantee: 3,
      name: `After a take-over the old owner cannot renew the claim, and it cannot be ${name}`,
      run: async (fixture) => {
        const { store, make } = fixture
        const claim = await holdClaim(fixture)
        const contender = make.takeOver(recordOf(claim))
        await store.takeOver(recordOf(claim), contender, unhurried)
        assertKind(await store.renew(claim, make.renewal(make.leaseEnd + 1), unhurried), 'lost')
        assertKind(await store.settle(claim, settlement(make), unhurried), 'lost')
        assertRecord(await fixture.read(claim.recordKey), recordOf(contender))
      },
    }),
  ),
  ...AFTER_THE_END.map(
    ([first, then]): Case => ({
      guarantee: 3,
      name: `A claim that was ${first} cannot be ${then} or renewed after that`,
      run: async (fixture) => {
        const { store, make } = fixture
        const claim = await endClaim(fixture, make[first]())
        const before = await readRecord(fixture, claim.recordKey)
        assertKind(await store.settle(claim, make[then](), unhurried), 'lost')
        assertKind(await store.renew(claim, make.renewal(make.leaseEnd + 1), unhurried), 'lost')
        assertRecord(await fixture.read(claim.recordKey), before)
      },
    }),
  ),
  {
    guarantee: 3,
    name: 'A renewal or a settlement does not bring a deleted record back',
    run: async ({ store, make, read }) => {
      const claim = make.claim()
      deepStrictEqual(await store.renew(claim, make.renewal(make.leaseEnd + 1), unhurried), { kind: 'lost' })
      for (const [, settlement] of SETTLEMENTS) {
        deepStrictEqual(await store.settle(claim, settlement(make), unhurried), { kind: 'lost' })
      }
      assertRecord(await read(claim.recordKey), undefined)
    },
  },
]

export const OWNERSHIP: readonly Case[] = [...PLACES, ...FENCE]
