import { randomBytes } from 'node:crypto'
import { type CachedOptions, cached } from '../../lib/cached/cached-store.ts'
import type { SecondLevel } from '../../lib/cached/second-level.ts'
import { deriveFingerprint } from '../../lib/core/identity/fingerprint.ts'
import { canonicalPayload } from '../../lib/core/identity/payload.ts'
import { run } from '../../lib/core/lifecycle/run.ts'
import { claimRequestOf } from '../../lib/core/once.ts'
import { readSettings } from '../../lib/core/options.ts'
import { endingOfHttpError } from '../../lib/core/outcome/outcome-policy.ts'
import type { Claim } from '../../lib/core/record/claim.ts'
import type { ClaimToken, SettledRecord, StoredRecord } from '../../lib/core/record/record.ts'
import type { Store, TransactItem } from '../../lib/core/record/store.ts'
import { type EpochMillis, epochMillis } from '../../lib/core/time.ts'
import { type Once, type OnceRequest, once, StoreUnavailableError } from '../../lib/index.ts'
import { type MemoryStore, memoryStore } from '../../lib/memory/memory-store.ts'
import { onceWrite } from '../../lib/write/index.ts'
import { aClaim, completed, EXPIRY, NOW, unhurried } from '../support/claims.ts'
import { type FakeClock, fakeClock, fakeRuntime } from '../support/fake-runtime.ts'
import { counting } from '../support/http-harness.ts'
import { memoryRows } from '../support/memory-rows.ts'
import { aRequest, ending, recordKeyOf, remaining } from '../support/scene.ts'
import { storeContract } from '../support/store-contract.ts'

storeContract('cached', async () => {
  let now = NOW
  const clock = () => epochMillis(now)
  const { rows, transact } = memoryRows()
  const store = memoryStore({ now: clock, transact })
  return {
    store: cached(store, { runtime: { now: clock } }),
    rows,
    read: async (recordKey) => store.read(recordKey),
    sweep: async () => {
      now = EXPIRY
      store.sweep()
      now = NOW
    },
  }
})

const DAY = 86_400_000
const SKEW = 2_000

interface Process {
  readonly once: Once
  readonly store: Store
  /** The calls that reached the store. */
  readonly calls: string[]
}

/** Two processes, each with its own memory, over one store. */
const world = (options: CachedOptions = {}): World => {
  const clock = fakeClock()
  const store = memoryStore({ now: clock.now, transact: () => undefined })
  const process = (name: string): Process => {
    const runtime = fakeRuntime({ name, clock })
    const { store: counted, calls } = counting(store)
    const remembering = cached(counted, { runtime, ...options })
    return { calls, store: remembering, once: once({ store: remembering, operation: 'payments', runtime }) }
  }
  return { a: process('a'), b: process('b'), store, clock, now: clock.now }
}

interface World {
  readonly a: Process
  readonly b: Process
  readonly store: MemoryStore
  readonly clock: FakeClock
  readonly now: () => EpochMillis
}

describe('A settled outcome is replayed without a call to the store:', () => {
  test('in the process that settled it', async () => {
    const { a } = world()
    const request = aRequest()
    expect(await a.once(request, () => 'done')).toEqual({ value: 'done', status: 'created' })
    expect(await a.once(request, () => 'again')).toEqual({ value: 'done', status: 'replayed' })
    expect(a.calls).toEqual(['claim', 'settle'])
  })

  test('in another process, from its second replay on', async () => {
    const { a, b } = world()
    const request = aRequest()
    await a.once(request, () => 'done')
    for (let retry = 0; retry < 3; retry++) {
      expect(await b.once(request, () => 'again')).toEqual({ value: 'done', status: 'replayed' })
    }
    expect(b.calls).toEqual(['claim'])
  })

  test('a peek is answered from memory too', async () => {
    const { store, now } = world()
    const { store: counted, calls } = counting(store)
    const remembering = cached(counted, { runtime: { now } })
    const claim = aClaim({ now: now() })
    await remembering.claim(claim, unhurried)
    expect(await remembering.peek(claim.recordKey, unhurried)).toMatchObject({ status: 'IN_PROGRESS' })
    const settlement = { kind: 'completed', status: 'SUCCEEDED', outcome: Buffer.of(1, 0), settledAt: now() } as const
    await remembering.settle(claim, { ...settlement, expiresAt: epochMillis(now() + DAY) }, unhurried)
    const { recordKey, fingerprint } = claim
    expect(await remembering.peek(recordKey, unhurried, fingerprint)).toEqual(store.read(recordKey))
    expect(calls).toEqual(['claim', 'peek', 'settle'])
  })
})

describe('A kept record is judged like any record:', () => {
  test('another payload under the key is refused by the store', async () => {
    const { a } = world()
    const request = aRequest()
    await a.once(request, () => 'done')
    const other = await ending(a.once({ ...request, payload: 'other' }, () => 'again'))
    expect(other).toMatchObject({ error: { code: 'key-reused' } })
    expect(a.calls).toEqual(['claim', 'settle', 'claim'])
  })

  test('within the skew of its expiry it is not used, and the store decides', async () => {
    const { a, clock } = world()
    const request = aRequest()
    await a.once(request, () => 'done')
    clock.advance(DAY - SKEW - 1)
    await a.once(request, () => 'again')
    expect(a.calls).toEqual(['claim', 'settle'])
    clock.advance(1)
    expect(await a.once(request, () => 'again')).toEqual({ value: 'done', status: 'replayed' })
    expect(a.calls).toEqual(['claim', 'settle', 'claim'])
  })

  test('after its expiry the store decides, also if another process has run the key meanwhile', async () => {
    const { a, b, clock } = world()
    const request = aRequest()
    await a.once(request, () => 'old')
    clock.advance(DAY)
    expect(await b.once(request, () => 'new')).toEqual({ value: 'new', status: 'created' })
    expect(await a.once(request, () => 'never')).toEqual({ value: 'new', status: 'replayed' })
  })

  test('after a lost settlement the other process’s outcome is kept', async () => {
    const { a, b, clock } = world()
    const request = aRequest({ context: remaining(1_000) })
    const late = await a.once(request, async () => {
      clock.advance(10_000)
      await b.once(request, () => 'of b')
      return 'of a'
    })
    expect(late).toEqual({ value: 'of b', status: 'replayed' })
    expect(await a.once(request, () => 'never')).toEqual({ value: 'of b', status: 'replayed' })
    expect(a.calls).toEqual(['claim', 'settle'])
  })
})

describe('An approved override holds at once in a process that has the old outcome in memory:', () => {
  const request = aRequest()
  const other = { ...request, payload: 'the other amount' }

  /** The process has settled the first payload since, and two persons have let the other one use the key. */
  const overridden = async (): Promise<World> => {
    const made = world()
    await made.a.once(request, () => 'old')
    await approve(made, other)
    return made
  }

  test('the other payload runs, and is replayed', async () => {
    const { a, b } = await overridden()
    expect(await a.once(other, () => 'new')).toEqual({ value: 'new', status: 'created' })
    expect(await a.once(other, () => 'never')).toEqual({ value: 'new', status: 'replayed' })
    expect(a.calls).toEqual(['claim', 'settle', 'claim', 'takeOver', 'settle'])
    expect(await b.once(other, () => 'never')).toEqual({ value: 'new', status: 'replayed' })
  })

  test('and is replayed after another process has run it', async () => {
    const { a, b } = await overridden()
    await b.once(other, () => 'new')
    expect(await a.once(other, () => 'never')).toEqual({ value: 'new', status: 'replayed' })
    expect(await ending(a.once(request, () => 'never'))).toMatchObject({ error: { code: 'key-reused' } })
  })

  test('the old outcome is gone as soon as this process has taken over', async () => {
    const { a } = await overridden()
    let meanwhile: unknown
    await a.once(other, async () => {
      meanwhile = await ending(a.once(request, () => 'never'))
      return 'new'
    })
    expect(meanwhile).toMatchObject({ error: { code: 'key-reused' } })
  })

  test('also if the record is read first', async () => {
    const { a, clock } = await overridden()
    const settings = readSettings('test', { store: a.store, operation: 'payments', runtime: fakeRuntime({ clock }) })
    const hinted = { ...claimRequestOf(settings, other), peekFirst: true }
    const job = {
      handler: () => 'new',
      endingOfValue: () => ({ kind: 'abandon' }) as const,
      endingOfError: endingOfHttpError,
    }
    expect(await run(settings, hinted, job)).toMatchObject({ kind: 'answered', value: 'new' })
  })

  test('also for a one-shot write', async () => {
    const { a, clock } = await overridden()
    const write = onceWrite({ store: a.store, operation: 'payments', runtime: fakeRuntime({ clock }) })
    const plan = (items: readonly TransactItem[]) => () => ({ items, answer: 'new', refused: () => 'refused' })
    expect(await write(other, () => ({ answer: 'nothing to do' }))).toMatchObject({ value: 'nothing to do' })
    expect(await write(other, plan([{ Put: { id: 1 } }]))).toEqual({ value: 'new', status: 'created' })
    expect(await write(other, plan([{ Put: { id: 2 } }]))).toEqual({ value: 'new', status: 'replayed' })
  })
})

describe('Once a one-shot write has been sent, only the store knows what became of it:', () => {
  const request = aRequest()
  const writeAs = (to: Store, clock: FakeClock, answer: string) =>
    onceWrite({ store: to, operation: 'payments', runtime: fakeRuntime({ clock }) })(request, () => ({
      items: [{ Put: { id: answer } }],
      answer,
      refused: () => 'refused',
    }))

  /** A person has released the outcome, and TTL has deleted the record, but the second level still has it. */
  const outcomeOfOldRecord = async (clock: FakeClock): Promise<SettledRecord> => {
    const store = memoryStore({ now: clock.now, transact: () => undefined })
    await writeAs(store, clock, 'old')
    return store.read(recordKeyOf(request)) as SettledRecord
  }

  test.each([
    ['its second send', 1],
    ['its fence', Number.POSITIVE_INFINITY],
  ])('%s is not answered from a cache', async (_, unanswered) => {
    const clock = fakeClock()
    const old = await outcomeOfOldRecord(clock)
    let [asked, sends] = [0, 0]
    const second: SecondLevel = {
      get: async () => (++asked === 1 ? undefined : old),
      set: async () => {},
      forget: async () => {},
    }
    const store = memoryStore({ now: clock.now, transact: () => undefined })
    const losing: Store = {
      ...store,
      commit: async (...sent) => {
        const answer = await store.commit(...sent)
        if (++sends <= unanswered) throw new StoreUnavailableError('no answer')
        return answer
      },
    }
    const remembering = cached(losing, { second, runtime: { now: clock.now } })
    expect(await writeAs(remembering, clock, 'new')).toMatchObject({ value: 'new' })
    expect(sends).toBeGreaterThan(1)
  })
})

test('An answer of the store does not wait until the second level has kept it: its time may be over then.', async () => {
  const clock = fakeClock()
  const store = memoryStore({ now: clock.now, transact: () => undefined })
  let sets = 0
  const second: SecondLevel = {
    get: async () => undefined,
    set: () => {
      sets++
      return new Promise(() => {})
    },
    forget: async () => {},
  }
  const unlimited = fakeRuntime({ clock, deadlines: 'never' })
  const process = () => cached(store, { second, runtime: unlimited })
  const [claim, written] = [aClaim({ now: clock.now() }), aClaim({ now: clock.now() })]
  const completion = completed(Buffer.of(1, 0))
  const put = { completion, items: [], requestToken: 'r', put: { over: undefined }, dynamoDb: async () => {} }
  await process().claim(claim, unhurried)
  expect(await process().settle(claim, completion, unhurried)).toEqual({ kind: 'settled' })
  expect(await process().commit(written, put, unhurried)).toEqual({ kind: 'committed' })
  const again = { ...claim, claimToken: 'of-another' as ClaimToken }
  expect(await process().claim(again, unhurried)).toMatchObject({ kind: 'occupied' })
  expect(sets).toBe(3)
})

/** Writes what `lambda-once/operator` leaves: the reference store knows no persons, so a take-over writes it. */
const approve = async ({ store, now }: World, request: OnceRequest): Promise<void> => {
  const seen = store.read(recordKeyOf(request)) as StoredRecord
  const override = {
    fingerprint: deriveFingerprint([{ kind: 'canonical', text: canonicalPayload(request.payload) }]),
    proposedBy: 'alice',
    proposedAt: now(),
    reason: 'the customer confirmed the other amount',
    until: epochMillis(now() + DAY),
    approvedBy: 'bob',
    approvedAt: now(),
  }
  const changed = { ...seen, override, claimToken: 'of-bob', revision: seen.revision + 1 }
  await store.takeOver(seen, changed as StoredRecord & Claim, unhurried)
}

describe('Only a settled outcome is kept:', () => {
  test.each([
    ['released', { statusCode: 404 }],
    ['abandoned', {}],
  ])('after a claim that was %s the store is asked again', async (_, error) => {
    const { a } = world()
    const request = aRequest()
    await ending(a.once(request, () => Promise.reject(Object.assign(new Error('no'), error))))
    expect(await a.once(request, () => 'done')).toEqual({ value: 'done', status: 'created' })
  })

  test('for a record in progress the store is asked again', async () => {
    const { a, b } = world()
    const request = aRequest()
    let conflict: unknown
    await a.once(request, async () => {
      conflict = await ending(b.once(request, () => 'never'))
      return 'done'
    })
    expect(conflict).toMatchObject({ error: { code: 'in-progress' } })
    expect(await b.once(request, () => 'never')).toEqual({ value: 'done', status: 'replayed' })
  })
})

describe('The memory is limited:', () => {
  const replays = async ({ a }: World, values: readonly string[]): Promise<readonly string[]> => {
    const requests = values.map(() => aRequest())
    for (const [index, request] of requests.entries()) await a.once(request, () => values[index])
    a.calls.length = 0
    const asked: string[] = []
    for (const [index, request] of requests.entries()) {
      const before = a.calls.length
      expect(await a.once(request, () => 'never')).toEqual({ value: values[index], status: 'replayed' })
      asked.push(a.calls.length === before ? 'memory' : 'store')
    }
    return asked
  }

  test('in entries, and drops the least recently used first', async () => {
    expect(await replays(world({ maxEntries: 2 }), ['1', '2'])).toEqual(['memory', 'memory'])
    expect(await replays(world({ maxEntries: 2 }), ['1', '2', '3'])).toEqual(['store', 'store', 'store'])
  })

  test('in bytes, and never keeps an outcome that is larger than the whole memory', async () => {
    const large = randomBytes(3_000).toString('base64') // random, because a compressed outcome would fit
    expect(await replays(world({ maxBytes: 2_000 }), ['small', large])).toEqual(['memory', 'store'])
  })
})

test('A change that the caller makes to an answer does not reach the memory.', async () => {
  const { a } = world()
  const request = aRequest()
  await a.once(request, () => Buffer.from('abc'))
  for (let retry = 0; retry < 2; retry++) {
    const { value } = await a.once(request, () => Buffer.from('never'))
    expect(value.toString()).toBe('abc')
    value.fill(0)
  }
})

test('Its limit: a manual change in the table shows only after the record has left the memory.', async () => {
  const { a, b, store, clock } = world()
  const request = aRequest()
  await a.once(request, () => 'old')
  clock.advance(DAY)
  store.sweep()
  expect(store.read(recordKeyOf(request))).toBeUndefined()
  clock.reset()
  expect(await a.once(request, () => 'never')).toEqual({ value: 'old', status: 'replayed' })
  expect(await b.once(request, () => 'new')).toEqual({ value: 'new', status: 'created' })
})

test.each<[Store, CachedOptions, RegExp]>([
  [{} as Store, {}, /"store".*must be a store/],
  [memoryStore(), { maxBytes: 0 }, /"maxBytes".*integer from 1/],
  [memoryStore(), { maxEntries: 1.5 }, /"maxEntries".*integer from 1/],
  [memoryStore(), { runtime: {} as never }, /"runtime".*must be a Runtime, with a function now/],
  [memoryStore(), { runtime: null as never }, /"runtime".*must be a Runtime, with a function now/],
  [memoryStore(), { ttl: 5 } as CachedOptions, /"ttl".*not known/],
])('An option that cannot be right is refused at construction: %#', (store, options, message) => {
  expect(() => cached(store, options)).toThrow(message)
})
