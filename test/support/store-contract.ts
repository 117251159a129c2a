import { type Claim, recordOf } from '../../lib/core/claim.ts'
import { StoreUnavailable } from '../../lib/core/errors.ts'
import type { StoredRecord } from '../../lib/core/record.ts'
import type { RecordKey } from '../../lib/core/record-key.ts'
import type { Settlement, Store } from '../../lib/core/store.ts'
import {
  abandoned,
  aClaim,
  aRecordKey,
  aTakeOver,
  completed,
  EXPIRY,
  failed,
  LEASE_END,
  NOW,
  released,
  renewal,
  unhurried,
} from './claims.ts'

/** A store, and what a test may do behind its back. */
export interface StoreUnderTest {
  readonly store: Store
  /** The record as it stands, read with strong consistency. */
  read(recordKey: RecordKey): Promise<StoredRecord | undefined>
  /** Deletes the record, as TTL does. */
  sweep(recordKey: RecordKey): Promise<void>
}

/** How many contenders race, and how often. */
const CONTENDERS = 10
const ROUNDS = 20

const SETTLEMENTS: readonly (readonly [string, () => Settlement])[] = [
  ['completed as SUCCEEDED', () => completed()],
  ['completed as FAILED', failed],
  ['released', released],
  ['abandoned', abandoned],
]

const STATES: readonly (readonly [string, (() => Settlement) | undefined])[] = [
  ['in progress', undefined],
  ...SETTLEMENTS,
]

/** The numbered guarantees of `lib/core/store.ts`, the same for every store. */
export const storeContract = (name: string, open: () => Promise<StoreUnderTest>): void => {
  describe(`The ${name} store keeps the contract:`, () => {
    let store: Store
    let read: StoreUnderTest['read']
    let sweep: StoreUnderTest['sweep']

    beforeAll(async () => {
      ;({ store, read, sweep } = await open())
    })

    /** A record in progress. */
    const held = async (parts: Parameters<typeof aClaim>[0] = {}): Promise<Claim> => {
      const claim = aClaim(parts)
      expect(await store.claim(claim, unhurried)).toEqual({ kind: 'claimed' })
      return claim
    }

    const settledAs = async (as: Settlement): Promise<Claim> => {
      const claim = await held()
      expect(await store.settle(claim, as, unhurried)).toEqual({ kind: 'settled' })
      return claim
    }

    const stands = async (recordKey: RecordKey): Promise<StoredRecord> => {
      const record = await read(recordKey)
      if (record === undefined) throw new Error('No record stands there')
      return record
    }

    describe('1. A write and its condition are one step, and a refused write changes nothing', () => {
      test('1. Of many claims at once one wins, and the others meet the winner', async () => {
        for (let round = 0; round < ROUNDS; round++) {
          const recordKey = aRecordKey()
          const claims = Array.from({ length: CONTENDERS }, () => aClaim({ recordKey }))
          const answers = await Promise.all(claims.map((claim) => store.claim(claim, unhurried)))
          const winner = claims.filter((_, index) => answers[index]?.kind === 'claimed')
          expect(winner).toHaveLength(1)
          const record = recordOf(winner[0] as Claim)
          for (const answer of answers.filter(({ kind }) => kind !== 'claimed')) {
            expect(answer).toMatchObject({ kind: 'occupied', record })
          }
          expect(await read(recordKey)).toEqual(record)
        }
      })

      test('1. Of many take-overs of one abandoned record at once one wins, and the others meet the winner', async () => {
        for (let round = 0; round < ROUNDS; round++) {
          const seen = await stands((await settledAs(abandoned())).recordKey)
          const claims = Array.from({ length: CONTENDERS }, () => aTakeOver(seen))
          const answers = await Promise.all(claims.map((claim) => store.takeOver(seen, claim, unhurried)))
          const winner = claims.filter((_, index) => answers[index]?.kind === 'claimed')
          expect(winner).toHaveLength(1)
          const record = recordOf(winner[0] as Claim)
          for (const answer of answers.filter(({ kind }) => kind !== 'claimed')) {
            expect(answer).toMatchObject({ kind: 'occupied', record })
          }
          expect(await read(seen.recordKey)).toEqual(record)
        }
      })

      test('1. An owner that renews and a contender that takes over at once: exactly one of them succeeds', async () => {
        for (let round = 0; round < ROUNDS; round++) {
          const claim = await held()
          const [renewed, tookOver] = await Promise.all([
            store.renew(claim, renewal(LEASE_END + 1), unhurried),
            store.takeOver(recordOf(claim), aTakeOver(recordOf(claim)), unhurried),
          ])
          expect([renewed.kind, tookOver.kind]).toEqual(
            renewed.kind === 'renewed' ? ['renewed', 'occupied'] : ['lost', 'claimed'],
          )
        }
      })

      test.each(SETTLEMENTS)(
        '1. An owner that is %s and a contender that takes over at once: exactly one succeeds',
        async (_, as) => {
          for (let round = 0; round < ROUNDS; round++) {
            const claim = await held()
            const contender = aTakeOver(recordOf(claim))
            const [settled, tookOver] = await Promise.all([
              store.settle(claim, as(), unhurried),
              store.takeOver(recordOf(claim), contender, unhurried),
            ])
            expect([settled.kind, tookOver.kind]).toEqual(
              settled.kind === 'settled' ? ['settled', 'occupied'] : ['lost', 'claimed'],
            )
            const { claimToken } = await stands(claim.recordKey)
            expect(claimToken).toBe(settled.kind === 'settled' ? claim.claimToken : contender.claimToken)
          }
        },
      )

      test.each(STATES)('1. A stranger changes nothing in a record that is %s', async (_, as) => {
        const owner = as === undefined ? await held() : await settledAs(as())
        const before = await stands(owner.recordKey)
        const stranger = aClaim({ recordKey: owner.recordKey, payload: 'other' })
        const outdated = { ...before, revision: before.revision - 1 }
        expect((await store.claim(stranger, unhurried)).kind).toBe('occupied')
        expect((await store.takeOver(outdated, aTakeOver(outdated), unhurried)).kind).toBe('occupied')
        expect((await store.renew(stranger, renewal(LEASE_END + 5_000), unhurried)).kind).toBe('lost')
        for (const [, settlement] of SETTLEMENTS) {
          expect((await store.settle(stranger, settlement(), unhurried)).kind).toBe('lost')
        }
        expect(await read(owner.recordKey)).toEqual(before)
      })
    })

    describe('2. A claim needs an empty place, a take-over the very record that was seen', () => {
      test('2. A claim where no record is writes it whole', async () => {
        const claim = await held()
        expect(await read(claim.recordKey)).toEqual({
          recordKey: claim.recordKey,
          fingerprint: claim.fingerprint,
          claimToken: claim.claimToken,
          revision: 1,
          attempt: 1,
          generation: 1,
          status: 'IN_PROGRESS',
          leaseExpiresAt: LEASE_END,
          expiresAt: EXPIRY,
          createdAt: NOW,
        })
      })

      test('2. A claim without an expiry stays without one, so that TTL never sweeps it', async () => {
        const { recordKey } = await held({ expiresAt: 'never' })
        expect((await stands(recordKey)).expiresAt).toBeUndefined()
      })

      test.each(SETTLEMENTS)(
        '2. A record that is %s is taken over when it stands as it was seen, and nothing of it is left over',
        async (_, as) => {
          const { recordKey } = await settledAs(as())
          const seen = await stands(recordKey)
          const claim = aTakeOver(seen, { payload: 'other' })
          expect(await store.takeOver(seen, claim, unhurried)).toEqual({ kind: 'claimed' })
          expect(await read(recordKey)).toEqual(recordOf(claim))
        },
      )

      test('2. A take-over fails where the owner wrote since, although the token is the same', async () => {
        const claim = await held()
        await store.renew(claim, renewal(LEASE_END + 1_000), unhurried)
        const answer = await store.takeOver(recordOf(claim), aTakeOver(recordOf(claim)), unhurried)
        expect(answer).toMatchObject({ kind: 'occupied', record: { revision: 2, claimToken: claim.claimToken } })
      })

      test('2. A take-over fails where another took over since, although the revision is the same', async () => {
        const claim = await held()
        const seen = { ...recordOf(claim), claimToken: aClaim().claimToken }
        const answer = await store.takeOver(seen, aTakeOver(seen), unhurried)
        expect(answer).toMatchObject({ kind: 'occupied', record: recordOf(claim) })
      })

      test('2. A take-over of a record that TTL swept meanwhile writes nothing and says gone', async () => {
        const claim = await held()
        await sweep(claim.recordKey)
        const answer = await store.takeOver(recordOf(claim), aTakeOver(recordOf(claim)), unhurried)
        expect(answer).toEqual({ kind: 'gone' })
        expect(await read(claim.recordKey)).toBeUndefined()
      })
    })

    describe('3. Renew and settle write only to a record in progress under the own token, and count the revision', () => {
      test('3. A renewal moves lease and expiry, and counts the revision', async () => {
        const claim = await held()
        const to = renewal(LEASE_END + 20_000, EXPIRY + 20_000)
        expect(await store.renew(claim, to, unhurried)).toEqual({ kind: 'renewed' })
        expect(await read(claim.recordKey)).toEqual({ ...recordOf(claim), ...to, revision: 2 })
      })

      test('3. A renewal without an expiry leaves the one that is there', async () => {
        const claim = await held()
        const { leaseExpiresAt } = renewal(LEASE_END + 20_000)
        await store.renew(claim, { leaseExpiresAt, expiresAt: undefined }, unhurried)
        expect(await read(claim.recordKey)).toEqual({ ...recordOf(claim), leaseExpiresAt, revision: 2 })
      })

      test.each(SETTLEMENTS)('3. A claim that is %s leaves one revision more, after a renewal two', async (_, as) => {
        const claim = await settledAs(as())
        expect((await stands(claim.recordKey)).revision).toBe(2)
        const renewed = await held()
        await store.renew(renewed, renewal(LEASE_END + 1), unhurried)
        await store.settle(renewed, as(), unhurried)
        expect((await stands(renewed.recordKey)).revision).toBe(3)
      })

      test.each(SETTLEMENTS)(
        '3. Once another took the record over, nothing that its old owner writes counts: %s',
        async (_, as) => {
          const claim = await held()
          const contender = aTakeOver(recordOf(claim))
          await store.takeOver(recordOf(claim), contender, unhurried)
          const lost = { kind: 'lost', record: recordOf(contender) }
          expect(await store.renew(claim, renewal(LEASE_END + 1), unhurried)).toEqual(lost)
          expect(await store.settle(claim, as(), unhurried)).toEqual(lost)
          expect(await read(claim.recordKey)).toEqual(recordOf(contender))
        },
      )

      test.each([
        ['completed', released, () => completed()],
        ['released', () => completed(), released],
        ['abandoned', () => completed(), abandoned],
        ['abandoned', released, abandoned],
      ])('3. A claim that has ended cannot be %s after that', async (_, first, then) => {
        const claim = await settledAs(first())
        const before = await stands(claim.recordKey)
        expect(await store.settle(claim, then(), unhurried)).toEqual({ kind: 'lost', record: before })
        expect(await store.renew(claim, renewal(LEASE_END + 1), unhurried)).toEqual({ kind: 'lost', record: before })
        expect(await read(claim.recordKey)).toEqual(before)
      })

      test('3. A record that TTL swept is not brought back', async () => {
        const claim = await held()
        await sweep(claim.recordKey)
        expect(await store.renew(claim, renewal(LEASE_END + 1), unhurried)).toEqual({ kind: 'lost' })
        for (const [, as] of SETTLEMENTS) {
          expect(await store.settle(claim, as(), unhurried)).toEqual({ kind: 'lost' })
        }
        expect(await read(claim.recordKey)).toBeUndefined()
      })
    })

    describe('4. A write that is sent again is answered as if it were applied now', () => {
      test('4. A claim that is sent again is held, and written once', async () => {
        const claim = await held()
        expect(await store.claim(claim, unhurried)).toEqual({ kind: 'claimed' })
        expect(await read(claim.recordKey)).toEqual(recordOf(claim))
      })

      test('4. A take-over that is sent again is held, and written once', async () => {
        const seen = await stands((await settledAs(abandoned())).recordKey)
        const claim = aTakeOver(seen)
        expect(await store.takeOver(seen, claim, unhurried)).toEqual({ kind: 'claimed' })
        expect(await store.takeOver(seen, claim, unhurried)).toEqual({ kind: 'claimed' })
        expect(await read(seen.recordKey)).toEqual(recordOf(claim))
      })

      test('4. A renewal that is sent again, or overtaken by a longer one, is renewed, and written once', async () => {
        const claim = await held()
        await store.renew(claim, renewal(LEASE_END + 20_000), unhurried)
        const before = await stands(claim.recordKey)
        expect(await store.renew(claim, renewal(LEASE_END + 20_000), unhurried)).toEqual({ kind: 'renewed' })
        expect(await store.renew(claim, renewal(LEASE_END + 10_000), unhurried)).toEqual({ kind: 'renewed' })
        expect(await read(claim.recordKey)).toEqual(before)
      })

      test.each(SETTLEMENTS)('4. A settle that is sent again is settled, and written once: %s', async (_, as) => {
        const claim = await settledAs(as())
        const before = await stands(claim.recordKey)
        expect(await store.settle(claim, as(), unhurried)).toEqual({ kind: 'settled' })
        expect(await read(claim.recordKey)).toEqual(before)
      })

      test.each(SETTLEMENTS.slice(0, 3))(
        '4. A claim that surfaces again after it was %s is not held: the token alone proves nothing',
        async (_, as) => {
          const claim = await settledAs(as())
          const before = await stands(claim.recordKey)
          expect(await store.claim(claim, unhurried)).toMatchObject({ kind: 'occupied', record: before })
          const seen = { ...before, revision: 1, claimToken: aClaim().claimToken }
          expect(await store.takeOver(seen, claim, unhurried)).toMatchObject({ kind: 'occupied', record: before })
          expect(await read(claim.recordKey)).toEqual(before)
        },
      )
    })

    test.each(STATES)('5. A refusal carries the record as it stands: %s', async (_, as) => {
      const owner = as === undefined ? await held() : await settledAs(as())
      const record = await stands(owner.recordKey)
      const stranger = aClaim({ recordKey: owner.recordKey })
      expect(await store.claim(stranger, unhurried)).toMatchObject({ kind: 'occupied', record })
      expect(await store.renew(stranger, renewal(LEASE_END), unhurried)).toEqual({ kind: 'lost', record })
      expect(await store.settle(stranger, completed(), unhurried)).toEqual({ kind: 'lost', record })
    })

    describe('6. A lease only ever moves forward, and an abandoned record never gets one back', () => {
      test('6. A shorter renewal that arrives late leaves the longer lease', async () => {
        const claim = await held()
        await store.renew(claim, renewal(LEASE_END + 20_000), unhurried)
        await store.renew(claim, renewal(LEASE_END - 20_000), unhurried)
        expect(await read(claim.recordKey)).toMatchObject({ leaseExpiresAt: LEASE_END + 20_000, revision: 2 })
      })

      test('6. A renewal that arrives after the claim was abandoned is lost', async () => {
        const claim = await settledAs(abandoned())
        const record = await stands(claim.recordKey)
        expect(await store.renew(claim, renewal(LEASE_END + 20_000), unhurried)).toEqual({ kind: 'lost', record })
        expect(await read(claim.recordKey)).toEqual(record)
      })
    })

    describe('7. A settle keeps what it does not set, and removes the lease', () => {
      const kept = (claim: Claim) => {
        const { leaseExpiresAt: _, ...rest } = claim
        return { ...rest, revision: 2 }
      }

      test('7. A completed record has its outcome and nothing of the lease', async () => {
        const claim = await settledAs(completed(Buffer.from([1, 1, 52, 50])))
        expect(await read(claim.recordKey)).toEqual({
          ...kept(claim),
          status: 'SUCCEEDED',
          outcome: Uint8Array.of(1, 1, 52, 50),
          settledAt: NOW + 500,
          expiresAt: EXPIRY,
        })
      })

      test('7. A released record stays, without outcome and lease', async () => {
        const claim = await settledAs(released())
        expect(await read(claim.recordKey)).toEqual({
          ...kept(claim),
          status: 'RELEASED',
          lastError: 'NotDoneError',
          settledAt: NOW + 500,
          expiresAt: EXPIRY,
        })
      })

      test('7. An abandoned record stays in progress, with its expiry and without a lease', async () => {
        const claim = await settledAs(abandoned())
        expect(await read(claim.recordKey)).toEqual({
          ...kept(claim),
          status: 'IN_PROGRESS',
          leaseExpiresAt: undefined,
          lastError: 'TypeError',
        })
      })

      test('7. A held record that is abandoned still has no expiry', async () => {
        const claim = await held({ expiresAt: 'never' })
        await store.settle(claim, abandoned(), unhurried)
        expect((await stands(claim.recordKey)).expiresAt).toBeUndefined()
      })
    })

    test.each([
      ['no byte', new Uint8Array(0)],
      ['every byte', Uint8Array.from({ length: 256 }, (_, index) => index)],
      ['380 KB', Uint8Array.from({ length: 380 * 1024 }, (_, index) => (index * 31) % 251)],
    ])('8. An outcome of %s comes back byte for byte, in a refusal and by peek', async (_, outcome) => {
      const given = Uint8Array.from(outcome)
      const { recordKey } = await settledAs(completed(given))
      given.fill(7) // what its maker does with the bytes later is no business of the record
      const expected = { status: 'SUCCEEDED', outcome: expect.anything() }
      const met = await store.claim(aClaim({ recordKey }), unhurried)
      expect(met).toMatchObject({ kind: 'occupied', record: expected })
      for (const record of [met.kind === 'occupied' ? met.record : undefined, await store.peek(recordKey, unhurried)]) {
        expect(record).toMatchObject(expected)
        expect(Buffer.from((record as { outcome: Uint8Array }).outcome).equals(outcome)).toBe(true)
      }
    })

    test('9. A call whose caller has given up ends as unavailable', async () => {
      const claim = await held()
      const late = AbortSignal.abort()
      const other = aClaim()
      await expect(store.claim(other, late)).rejects.toBeInstanceOf(StoreUnavailable)
      await expect(store.takeOver(recordOf(claim), aTakeOver(recordOf(claim)), late)).rejects.toBeInstanceOf(
        StoreUnavailable,
      )
      await expect(store.renew(claim, renewal(LEASE_END + 1), late)).rejects.toBeInstanceOf(StoreUnavailable)
      await expect(store.settle(claim, completed(), late)).rejects.toBeInstanceOf(StoreUnavailable)
      await expect(store.peek(claim.recordKey, late)).rejects.toBeInstanceOf(StoreUnavailable)
    })

    test('A peek at a place where no record is sees none.', async () => {
      expect(await store.peek(aRecordKey(), unhurried)).toBeUndefined()
    })
  })
}
