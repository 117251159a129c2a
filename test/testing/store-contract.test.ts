import type { RecordKey } from '../../lib/core/identity/record-key.ts'
import type { Claim } from '../../lib/core/record/claim.ts'
import type { InProgressRecord, StoredRecord } from '../../lib/core/record/record.ts'
import type { Store } from '../../lib/core/record/store.ts'
import { epochMillis } from '../../lib/core/time.ts'
import { memoryStore } from '../../lib/memory/memory-store.ts'
import { unhurried } from '../../lib/testing/contract/fixture.ts'
import { storeContract } from '../../lib/testing/index.ts'
import { memoryRows } from '../support/memory-rows.ts'

describe('The memory store keeps the contract, read through its own peek:', () => {
  const { rows, transact } = memoryRows()
  const cases = storeContract(() => memoryStore({ transact }), { rows })
  test.each(cases)('$guarantee. $name', ({ run }) => run())
})

test('Each guarantee has a case, and each case has a different name.', () => {
  const cases = storeContract(() => memoryStore(), { rows: memoryRows().rows })
  expect(new Set(cases.map(({ guarantee }) => guarantee)).size).toBe(11)
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
})

type Read = (recordKey: RecordKey) => StoredRecord | undefined

const { rows, transact } = memoryRows()

/** The memory store with some calls changed. */
const broken = (change: (inner: Store, read: Read) => Partial<Store>) => (): Store => {
  const inner = memoryStore({ transact })
  return { ...inner, ...change(inner, inner.read) }
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The record's owner writes it again with other members, and does not add to the revision. */
const rewritten = async (inner: Store, record: StoredRecord, over: Partial<Claim>): Promise<void> => {
  const { leaseExpiresAt, expiresAt } = record as InProgressRecord
  await inner.takeOver(record, { ...record, leaseExpiresAt, expiresAt, ...over } as Claim, unhurried)
}

/** What each store does wrong, and exactly the guarantees that it breaks. */
const BROKEN: readonly (readonly [string, readonly number[], () => Store])[] = [
  [
    'reads first and writes later',
    [1],
    broken((inner, read) => ({
      claim: async (wanted, signal) => {
        if (read(wanted.recordKey) !== undefined) return inner.claim(wanted, signal)
        await tick()
        const seen = read(wanted.recordKey)
        if (seen === undefined) return inner.claim(wanted, signal)
        await inner.takeOver(seen, wanted, signal)
        return { kind: 'claimed' }
      },
    })),
  ],
  [
    'takes over by token alone',
    [1, 2],
    broken((inner, read) => ({
      takeOver: async (seen, wanted, signal) => {
        const record = read(seen.recordKey)
        const isSame = record?.claimToken === seen.claimToken && record.revision !== seen.revision - 1
        return inner.takeOver(isSame ? record : seen, wanted, signal)
      },
    })),
  ],
  [
    'settles for any claim',
    [3],
    broken((inner, read) => ({
      settle: async (claim, settlement, signal) => {
        const record = read(claim.recordKey)
        const isTaken = record?.status === 'IN_PROGRESS' && record.attempt > claim.attempt
        return inner.settle(isTaken ? { ...claim, claimToken: record.claimToken } : claim, settlement, signal)
      },
    })),
  ],
  [
    'keeps steps for any claim',
    [3, 5],
    broken((inner, read) => ({
      checkpoint: (claim, checkpoint, signal) => {
        const { claimToken = claim.claimToken } = read(claim.recordKey) ?? {}
        return inner.checkpoint({ ...claim, claimToken }, checkpoint, signal)
      },
    })),
  ],
  [
    'does not recognise its own claim',
    [4],
    broken((inner, read) => ({
      claim: async (wanted, signal) => {
        const record = signal.aborted ? undefined : read(wanted.recordKey)
        return record === undefined ? inner.claim(wanted, signal) : { kind: 'occupied', record }
      },
    })),
  ],
  [
    'refuses without the record',
    [5],
    broken((inner) => ({
      settle: async (claim, settlement, signal) => {
        const { kind } = await inner.settle(claim, settlement, signal)
        return { kind }
      },
    })),
  ],
  [
    'revives an abandoned claim',
    [6],
    broken((inner, read) => ({
      renew: async (claim, renewal, signal) => {
        const record = read(claim.recordKey)
        const isAbandoned = record?.status === 'IN_PROGRESS' && record.leaseExpiresAt === undefined
        if (!isAbandoned || record.claimToken !== claim.claimToken || signal.aborted)
          return inner.renew(claim, renewal, signal)
        await rewritten(inner, record, { leaseExpiresAt: renewal.leaseExpiresAt, revision: record.revision + 1 })
        return { kind: 'renewed' }
      },
    })),
  ],
  [
    'changes createdAt when it settles a record',
    [7],
    broken((inner, read) => ({
      settle: async (claim, settlement, signal) => {
        const record = read(claim.recordKey)
        const isOwn = record?.status === 'IN_PROGRESS' && record.claimToken === claim.claimToken
        if (isOwn && !signal.aborted) await rewritten(inner, record, { createdAt: epochMillis(0) })
        return inner.settle(claim, settlement, signal)
      },
    })),
  ],
  [
    'keeps the steps of a release',
    [5, 7],
    broken((inner, read) => {
      const steps = new Map<RecordKey, StoredRecord>()
      return {
        settle: (claim, settlement, signal) => {
          const record = read(claim.recordKey)
          if (settlement.kind === 'released' && record !== undefined) steps.set(claim.recordKey, record)
          return inner.settle(claim, settlement, signal)
        },
        peek: async (recordKey, signal) => {
          const record = await inner.peek(recordKey, signal)
          const before = steps.get(recordKey)
          if (record?.status !== 'RELEASED' || before?.status !== 'IN_PROGRESS' || before.steps === undefined)
            return record
          return { ...record, steps: before.steps } as StoredRecord
        },
      }
    }),
  ],
  [
    'writes the whole map of steps',
    [3, 4, 10],
    broken((inner, read) => ({
      checkpoint: async (claim, checkpoint, signal) => {
        const answer = await inner.checkpoint(claim, checkpoint, signal)
        const record = read(claim.recordKey)
        const { steps } = checkpoint
        if (answer.kind === 'kept' && record !== undefined) await rewritten(inner, record, { steps })
        return answer
      },
    })),
  ],
  [
    'keeps outcomes as text',
    [8],
    broken((inner) => ({
      settle: (claim, settlement, signal) => {
        if (settlement.kind !== 'completed') return inner.settle(claim, settlement, signal)
        return inner.settle(
          claim,
          { ...settlement, outcome: Buffer.from(Buffer.from(settlement.outcome).toString()) },
          signal,
        )
      },
    })),
  ],
  [
    'commits the record without the rows',
    [1, 3, 4, 11],
    broken((inner) => ({
      commit: async (claim, { completion }, signal) => {
        const { kind } = await inner.settle(claim, completion, signal)
        return kind === 'settled' ? { kind: 'committed' } : { kind: 'lost' }
      },
    })),
  ],
  [
    'commits the rows without a look at the record',
    [1, 3, 4, 11],
    broken((inner) => ({
      commit: async (claim, commit, signal) => {
        if (!signal.aborted) transact(commit.items)
        return inner.commit(claim, { ...commit, items: [] }, signal)
      },
    })),
  ],
  [
    'commits for any claim',
    [1, 3],
    broken((inner, read) => ({
      commit: async (claim, commit, signal) => {
        const record = read(claim.recordKey)
        const isTaken = record?.status === 'IN_PROGRESS' && record.attempt > claim.attempt
        return inner.commit(isTaken ? { ...claim, claimToken: record.claimToken } : claim, commit, signal)
      },
    })),
  ],
  [
    'does not recognise its own commit',
    [4],
    broken((inner, read) => ({
      commit: async (claim, commit, signal) => {
        const record = read(claim.recordKey)
        if (!signal.aborted && record !== undefined && record.status !== 'IN_PROGRESS') return { kind: 'lost', record }
        return inner.commit(claim, commit, signal)
      },
    })),
  ],
  [
    'takes every settled record for its own commit',
    [3, 4],
    broken((inner) => ({
      commit: async (claim, commit, signal) => {
        const answer = await inner.commit(claim, commit, signal)
        const isSettled = answer.kind === 'lost' && answer.record?.status === 'SUCCEEDED'
        return isSettled ? { kind: 'committed' } : answer
      },
    })),
  ],
  [
    'abandons without the fence',
    [3, 4, 7],
    broken((inner) => ({
      settle: (claim, settlement, signal) => {
        const { fence: _, ...rest } = settlement as { readonly fence?: string } & typeof settlement
        return inner.settle(claim, rest as typeof settlement, signal)
      },
    })),
  ],
  ['ignores its caller’s signal', [9], broken((inner) => ({ claim: (wanted) => inner.claim(wanted, unhurried) }))],
  [
    'hangs',
    [9],
    broken((inner) => ({
      peek: (recordKey, signal) => (signal === unhurried ? inner.peek(recordKey, signal) : new Promise(() => {})),
    })),
  ],
]

test.each(BROKEN)('A store that %s fails the cases of guarantees %j.', async (_, guarantees, open) => {
  const failed = new Set<number>()
  for (const { guarantee, run } of storeContract(open, { rows })) await run().catch(() => failed.add(guarantee))
  expect([...failed].sort((a, b) => a - b)).toEqual(guarantees)
})
