import { epochMillis } from '../../lib/core/time.ts'
import { memoryStore } from '../../lib/memory/memory-store.ts'
import { aClaim, aRecordKey, EXPIRY, NOW, unhurried } from '../support/claims.ts'
import { memoryRows } from '../support/memory-rows.ts'
import { storeContract } from '../support/store-contract.ts'

storeContract('memory', async () => {
  let now = NOW
  const { rows, transact } = memoryRows()
  const store = memoryStore({ now: () => epochMillis(now), transact })
  return {
    store,
    rows,
    read: async (recordKey) => store.read(recordKey),
    sweep: async () => {
      now = EXPIRY
      store.sweep()
      now = NOW
    },
  }
})

test('The memory store reports its own time, and deletes only expired records.', async () => {
  let now = NOW
  const store = memoryStore({ now: () => epochMillis(now) })
  const claim = aClaim()
  const lasting = aClaim({ expiresAt: 'never' })
  await store.claim(claim, unhurried)
  await store.claim(lasting, unhurried)
  expect(await store.claim(aClaim({ recordKey: claim.recordKey }), unhurried)).toMatchObject({ storeTime: NOW })
  now = EXPIRY - 1
  store.sweep()
  expect(store.read(claim.recordKey)).toBeDefined()
  now = EXPIRY
  store.sweep()
  expect(store.read(claim.recordKey)).toBeUndefined()
  expect(store.read(lasting.recordKey)).toBeDefined()
  expect(store.read(aRecordKey())).toBeUndefined()
})
