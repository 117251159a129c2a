import { recordOf } from '../../lib/core/record/claim.ts'
import { checkpointOf } from '../../lib/dynamodb/effects/checkpoint.ts'
import { commitOf } from '../../lib/dynamodb/effects/commit.ts'
import { nextGenerationAt } from '../../lib/dynamodb/effects/next-generation.ts'
import { StoreUnavailableError } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { faultyStore, type StoreCall, type StoreFault, storeContract } from '../../lib/testing/index.ts'
import { aClaim, aTakeOver, completed, LEASE_END, released, renewal, unhurried } from '../support/claims.ts'
import { memoryRows } from '../support/memory-rows.ts'

describe('Without a fault it behaves like the wrapped store:', () => {
  const { rows, transact } = memoryRows()
  const cases = storeContract(() => faultyStore(memoryStore({ transact })), { rows })
  test.each(cases)('$guarantee. $name', ({ run }) => run())
})

const opened = async () => {
  const records = memoryStore({ transact: () => undefined })
  const store = faultyStore(records)
  const claim = aClaim()
  await records.claim(claim, unhurried)
  const fresh = aClaim()
  const calls: Record<StoreCall, () => Promise<unknown>> = {
    claim: () => store.claim(fresh, unhurried),
    takeOver: () => store.takeOver(recordOf(claim), aTakeOver(recordOf(claim)), unhurried),
    renew: () => store.renew(claim, renewal(LEASE_END + 1), unhurried),
    nextGeneration: () => store.nextGeneration(claim, nextGenerationAt(claim.createdAt), unhurried),
    checkpoint: () =>
      store.checkpoint(claim, checkpointOf({ steps: new Map([['charge', Uint8Array.of(1, 0)]]) }), unhurried),
    commit: () => store.commit(claim, commitOf({ completion: completed(), items: [], requestToken: 't' }), unhurried),
    settle: () => store.settle(claim, completed(), unhurried),
    peek: () => store.peek(claim.recordKey, unhurried),
  }
  const written = (call: StoreCall): boolean =>
    call === 'claim' ? records.read(fresh.recordKey) !== undefined : records.read(claim.recordKey)?.revision === 2
  return { store, records, claim, calls, written }
}

const WRITES: readonly StoreCall[] = ['claim', 'takeOver', 'renew', 'nextGeneration', 'checkpoint', 'commit', 'settle']
const FAULTS: readonly (readonly [StoreFault, boolean, boolean])[] = [
  ['unavailable', false, false],
  ['lost', false, false],
  ['answerLost', true, true],
  ['late', false, true],
]
const cases = WRITES.flatMap((call) => FAULTS.map(([fault, now, later]) => ({ call, fault, now, later })))

test.each(cases)(
  'A $call that is $fault is unavailable; applied at once: $now, after delivery: $later.',
  async ({ call, fault, now, later }) => {
    const { store, calls, written } = await opened()
    store.next(call, fault)
    await expect(calls[call]()).rejects.toBeInstanceOf(StoreUnavailableError)
    expect(written(call)).toBe(now)
    await store.deliver()
    expect(written(call)).toBe(later)
  },
)

test.each(FAULTS)('A peek that is %s is unavailable.', async (fault) => {
  const { store, calls } = await opened()
  store.next('peek', fault)
  await expect(calls.peek()).rejects.toBeInstanceOf(StoreUnavailableError)
  await store.deliver()
  expect(await calls.peek()).toBeDefined()
})

test('Faults happen in the planned order and number, and `calls` lists them.', async () => {
  const { store, calls } = await opened()
  store.next('peek', 'lost', 2)
  store.next('peek', 'unavailable')
  for (let call = 0; call < 3; call++) await expect(calls.peek()).rejects.toThrow()
  await calls.peek()
  expect(store.calls).toEqual([
    { call: 'peek', fault: 'lost' },
    { call: 'peek', fault: 'lost' },
    { call: 'peek', fault: 'unavailable' },
    { call: 'peek' },
  ])
})

test('Late requests are applied once, in the order of sending, also if their senders have given up.', async () => {
  const { store, records, claim } = await opened()
  const sender = new AbortController()
  store.next('settle', 'late', 2)
  await expect(store.settle(claim, released(), sender.signal)).rejects.toThrow()
  await expect(store.settle(claim, completed(), sender.signal)).rejects.toThrow()
  sender.abort()
  await store.deliver()
  await store.deliver()
  expect(records.read(claim.recordKey)).toMatchObject({ status: 'RELEASED', revision: 2 })
})

test('It refuses a value that is not a store, a call or a fault.', () => {
  const store = faultyStore(memoryStore())
  expect(() => faultyStore({} as never)).toThrow('faultyStore(store): option "store" must be a store')
  expect(() => store.next('read' as never, 'lost')).toThrow('option "call" is "read"; it must be one of "claim", ')
  expect(() => store.next('claim', 'slow' as never)).toThrow(
    'option "fault" is "slow"; it must be one of "unavailable", ',
  )
  for (const times of [Number.POSITIVE_INFINITY, Number.NaN, 0, -1, 1.5])
    expect(() => store.next('claim', 'lost', times)).toThrow(
      `option "times" is ${times}; it must be an integer from 1 to 1000`,
    )
})
