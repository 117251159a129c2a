import { recordOf } from '../../core/record/claim.ts'
import { assertKind, assertRecord, type Case, endClaim, readRecord, SETTLEMENTS, unhurried } from './fixture.ts'

/** An abandon with a fence: no write of its claim is applied after it. */
export const FENCES: readonly Case[] = [
  {
    guarantee: 7,
    name: 'An abandon with a fence is an abandon, and its token is the record’s',
    run: async (fixture) => {
      const { make } = fixture
      const claim = await endClaim(fixture, make.fenced('fence'))
      const { leaseExpiresAt: _, ...kept } = recordOf(claim)
      assertRecord(await fixture.read(claim.recordKey), {
        ...kept,
        claimToken: 'fence',
        lastError: 'TypeError',
        revision: 2,
      })
    },
  },
  {
    guarantee: 3,
    name: 'After an abandon with a fence no write of its claim is applied',
    run: async (fixture) => {
      const { store, make } = fixture
      const claim = await endClaim(fixture, make.fenced())
      const before = await readRecord(fixture, claim.recordKey)
      assertKind(await store.renew(claim, make.renewal(make.leaseEnd + 1), unhurried), 'lost')
      for (const [, settlement] of SETTLEMENTS) {
        assertKind(await store.settle(claim, settlement(make), unhurried), 'lost')
      }
      assertRecord(await fixture.read(claim.recordKey), before)
    },
  },
  {
    guarantee: 4,
    name: 'An abandon with a fence that is sent twice succeeds both times, and is written once',
    run: async (fixture) => {
      const { store, make } = fixture
      const fenced = make.fenced()
      const claim = await endClaim(fixture, fenced)
      const before = await readRecord(fixture, claim.recordKey)
      assertKind(await store.settle(claim, fenced, unhurried), 'settled')
      assertKind(await store.settle(claim, make.fenced(), unhurried), 'lost')
      assertRecord(await fixture.read(claim.recordKey), before)
    },
  },
  {
    guarantee: 2,
    name: 'A record that was abandoned with a fence is taken over as it was seen',
    run: async (fixture) => {
      const { store, make } = fixture
      const seen = await readRecord(fixture, (await endClaim(fixture, make.fenced())).recordKey)
      const claim = make.takeOver(seen)
      assertKind(await store.takeOver(seen, claim, unhurried), 'claimed')
      assertRecord(await fixture.read(seen.recordKey), recordOf(claim))
    },
  },
]
