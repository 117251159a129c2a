import { fail } from 'node:assert/strict'
import type { RecordKey } from '../../lib/core/identity/record-key.ts'
import { recordOf } from '../../lib/core/record/claim.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { epochMillis } from '../../lib/core/time.ts'
import { type ContractRows, storeContract as contractOf } from '../../lib/testing/index.ts'
import {
  abandoned,
  aClaim,
  aRecordKey,
  aTakeOver,
  completed,
  LEASE_END,
  NOW,
  released,
  renewal,
  unhurried,
} from './claims.ts'

/** A store, and direct access to its records. */
export interface StoreUnderTest {
  readonly store: Store
  /** The current record, read with strong consistency. */
  read(recordKey: RecordKey): Promise<StoredRecord | undefined>
  /** Deletes the record, as TTL does. */
  sweep(recordKey: RecordKey): Promise<void>
  /** Absent: `commit` is not tested. */
  readonly rows?: ContractRows
}

/** Tests the numbered guarantees of `lib/core/record/store.ts`, and their behaviour when TTL deletes a record. */
export const storeContract = (
  name: string,
  open: () => Promise<StoreUnderTest>,
  commits: 'with commits' | 'without commits' = 'with commits',
): void => {
  describe(`The ${name} store keeps the contract:`, () => {
    let store: Store
    let read: StoreUnderTest['read']
    let sweep: StoreUnderTest['sweep']
    let opened: ContractRows | undefined

    beforeAll(async () => {
      ;({ store, read, sweep, rows: opened } = await open())
    })

    const inOpened = (): ContractRows => opened ?? fail('This store has no rows')
    const rows: ContractRows = { put: (id) => inOpened().put(id), has: (id) => inOpened().has(id) }
    const cases = contractOf(() => store, {
      read: (recordKey) => read(recordKey),
      now: () => epochMillis(NOW),
      ...(commits === 'without commits' ? {} : { rows }),
    })
    test.each(cases)('$guarantee. $name', ({ run }) => run())

    test('2. A take-over of a record that TTL has deleted meanwhile writes nothing, and answers `gone`', async () => {
      const claim = aClaim()
      await store.claim(claim, unhurried)
      await sweep(claim.recordKey)
      const answer = await store.takeOver(recordOf(claim), aTakeOver(recordOf(claim)), unhurried)
      expect(answer).toEqual({ kind: 'gone' })
      expect(await read(claim.recordKey)).toBeUndefined()
    })

    test('3. A renewal or a settlement does not bring back a record that TTL has deleted', async () => {
      const claim = aClaim()
      await store.claim(claim, unhurried)
      await sweep(claim.recordKey)
      expect(await store.renew(claim, renewal(LEASE_END + 1), unhurried)).toEqual({ kind: 'lost' })
      for (const settlement of [completed(), released(), abandoned()]) {
        expect(await store.settle(claim, settlement, unhurried)).toEqual({ kind: 'lost' })
      }
      expect(await read(claim.recordKey)).toBeUndefined()
    })

    test('A peek at a key without a record answers undefined.', async () => {
      expect(await store.peek(aRecordKey(), unhurried)).toBeUndefined()
    })
  })
}
