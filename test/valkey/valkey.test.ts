import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { Redis as IoRedis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { cached, type SecondLevel } from '../../lib/cached/index.ts'
import type { RecordKey } from '../../lib/core/identity/record-key.ts'
import type { SettledRecord } from '../../lib/core/record/record.ts'
import { settledRecord } from '../../lib/core/record/settled-record.ts'
import { once, type Store } from '../../lib/index.ts'
import { type MemoryStore, memoryStore } from '../../lib/memory/index.ts'
import { decodeEntry, encodeEntry } from '../../lib/valkey/entry.ts'
import { type ValkeyClient, valkey } from '../../lib/valkey/index.ts'
import { aClaim, completed } from '../support/claims.ts'
import { fakeClock, fakeRuntime } from '../support/fake-runtime.ts'
import { counting } from '../support/http-harness.ts'
import { describeWithRedis, type Redis, startRedis } from '../support/redis.ts'

const SECRET = 'a secret that all functions share'

const record = (): SettledRecord => settledRecord(aClaim(), completed())

describe('An entry', () => {
  test('comes back as it was, byte for byte', () => {
    const kept = record()
    expect(decodeEntry(kept.recordKey, encodeEntry(kept, SECRET), SECRET)).toEqual(
      JSON.parse(JSON.stringify(kept), revive(kept)),
    )
  })

  test.each<[string, (entry: Buffer, kept: SettledRecord) => readonly [RecordKey, Buffer]]>([
    ['of another version', (entry, { recordKey }) => [recordKey, Buffer.concat([Buffer.from([2]), entry.subarray(1)])]],
    ['of another record', (entry) => ['payments#other' as RecordKey, entry]],
    ['that is cut off', (entry, { recordKey }) => [recordKey, entry.subarray(0, 20)]],
    ['that is empty', (_, { recordKey }) => [recordKey, Buffer.alloc(0)]],
    ['with one changed bit', (entry, { recordKey }) => [recordKey, flipped(entry, entry.length - 1)]],
    ['without a signature', (_, kept) => [kept.recordKey, encodeEntry(kept, undefined)]],
    ['with another secret', (_, kept) => [kept.recordKey, encodeEntry(kept, `${SECRET}!`)]],
  ])('%s is not read', (_, change) => {
    const kept = record()
    const [recordKey, entry] = change(encodeEntry(kept, SECRET), kept)
    expect(decodeEntry(recordKey, entry, SECRET)).toBeUndefined()
  })

  test('without a secret is read, if it is one', () => {
    const kept = record()
    const entry = encodeEntry(kept, undefined)
    expect(decodeEntry(kept.recordKey, entry, undefined)?.outcome).toEqual(kept.outcome)
    expect(decodeEntry(kept.recordKey, flipped(entry, 37), undefined)).toBeUndefined()
  })
})

const flipped = (entry: Buffer, at: number): Buffer => {
  const changed = Buffer.from(entry)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

/** JSON has no bytes, and drops what is undefined. */
const revive =
  ({ outcome }: SettledRecord) =>
  (name: string, value: unknown): unknown =>
    name === 'outcome' ? outcome : value

/** What a second level may do wrong. With a signature it cannot make up a record. */
const MISDEEDS = ['obey', 'forget', 'throw', 'hang', 'stale', 'another', 'refuse-writes'] as const
type Misdeed = (typeof MISDEEDS)[number]

/** Keeps all entries that it ever got, and answers by the script. */
const unreliable = (script: readonly Misdeed[]): SecondLevel => {
  const all = new Map<string, SettledRecord[]>()
  let step = 0
  const next = (): Misdeed => script[step++ % script.length] ?? 'obey'
  return {
    get: async (recordKey) => {
      const entries = all.get(recordKey) ?? []
      switch (next()) {
        case 'throw':
          throw new Error('down')
        case 'hang':
          return new Promise(() => {})
        case 'forget':
          return undefined
        case 'stale':
          return entries[0]
        case 'another':
          return [...all.values()].flat().find((entry) => entry.recordKey !== recordKey)
        default:
          return entries.at(-1)
      }
    },
    set: async (kept) => {
      const deed = next()
      if (deed === 'throw' || deed === 'refuse-writes') throw new Error('down')
      if (deed === 'hang') return new Promise(() => {})
      all.set(kept.recordKey, [...(all.get(kept.recordKey) ?? []), kept])
    },
    forget: async () => {}, // never
  }
}

describe('Whatever the second level does, each call gets what the store alone would give', () => {
  const calls = fc.record({
    key: fc.constantFrom('a', 'b'),
    payload: fc.constantFrom(1, 2),
    end: fc.constantFrom('returns', 'throws'),
    wait: fc.constantFrom(0, 10_000, 1_501_000),
    misdeeds: fc.constantFrom(...MISDEEDS),
  })

  test('over random calls, clocks and misdeeds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(calls, { minLength: 2, maxLength: 12 }), async (plan) => {
        const answersWith = async (second: SecondLevel | undefined): Promise<readonly unknown[]> => {
          const clock = fakeClock()
          const runtime = fakeRuntime({ clock })
          const store: MemoryStore = memoryStore({ now: clock.now })
          const answers: unknown[] = []
          let runs = 0
          for (const { key, payload, end, wait } of plan) {
            // A new process for each call: only the second level remembers.
            const process: Store = second === undefined ? store : cached(store, { second, runtime })
            const work = once({ store: process, operation: 'payments', retentionSeconds: 1_501, runtime })
            const answer = await work({ key, tenant: 't', payload }, () => {
              runs++
              if (end === 'throws') throw new Error(`run ${runs}`)
              return runs
            }).catch((error: { code?: string; message: string }) => error.code ?? error.message)
            answers.push(answer)
            clock.advance(wait)
          }
          return [...answers, runs]
        }
        const alone = await answersWith(undefined)
        expect(await answersWith(unreliable(plan.map(({ misdeeds }) => misdeeds)))).toEqual(alone)
      }),
      { numRuns: 150 },
    )
  })

  test('no answer waits longer than 20 ms for it, and after a failure it is left alone for a second', async () => {
    const clock = fakeClock()
    const runtime = fakeRuntime({ clock })
    let asked = 0
    const second: SecondLevel = {
      get: () => {
        asked++
        return new Promise(() => {})
      },
      set: async () => {},
      forget: async () => {},
    }
    const store = cached(memoryStore({ now: clock.now }), { second, runtime, maxEntries: 1 })
    const work = once({ store, operation: 'payments', runtime })
    const call = (key: string) => work({ key, tenant: 't', payload: 1 }, () => key)
    for (const key of ['a', 'b', 'c']) expect((await call(key)).status).toBe('created')
    expect(asked).toBe(1)
    clock.advance(1_000)
    await call('d')
    expect(asked).toBe(2)
  })
})

describe('Options that cannot be right are refused', () => {
  const client: ValkeyClient = { getBuffer: async () => null, set: async () => 'OK', del: async () => 0 }

  test.each<[string, unknown, RegExp]>([
    ['no secret', { prefix: 'p' }, /"sign"/],
    ['a short secret', { sign: 'short', prefix: 'p' }, /"sign".*32 to 1000 characters, or "unsigned"/],
    ['no prefix', { sign: 'unsigned' }, /"prefix"/],
    ['an empty prefix', { sign: 'unsigned', prefix: '' }, /"prefix"/],
    ['no time', { sign: 'unsigned', prefix: 'p', keepSeconds: 0 }, /"keepSeconds" is 0/],
    ['an unknown option', { sign: 'unsigned', prefix: 'p', ttl: 5 }, /ttl/],
  ])('%s', (_, options, message) => {
    expect(() => valkey(client, options as never)).toThrow(message)
  })

  test('the secret is not in the message', () => {
    expect(() => valkey(client, { sign: 'my short secret', prefix: 'p' })).not.toThrow(/my short/)
  })

  test('what is no client, and what is no second level', () => {
    expect(() => valkey({} as never, { sign: 'unsigned', prefix: 'p' })).toThrow(
      'must be a client with getBuffer, set and del',
    )
    expect(() => cached(memoryStore(), { second: {} as never })).toThrow(/"second".*valkey/)
  })
})

describeWithRedis('With a real server', () => {
  let server: Redis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.stop())

  const CLIENTS = {
    iovalkey: (port: number) =>
      new Valkey({ port, host: '127.0.0.1', maxRetriesPerRequest: 0, enableOfflineQueue: false }),
    ioredis: (port: number) =>
      new IoRedis({ port, host: '127.0.0.1', maxRetriesPerRequest: 0, enableOfflineQueue: false }),
  } as const

  const connect = async (name: keyof typeof CLIENTS) => {
    const client = CLIENTS[name](server.port)
    client.on('error', () => {})
    await new Promise<void>((resolve) => client.once('ready', resolve))
    return client
  }

  test.each(['iovalkey', 'ioredis'] as const)(
    '%s: a retry in another process is replayed without the store',
    async (name) => {
      const client = await connect(name)
      const { store, calls } = counting(memoryStore())
      const prefix = `${randomUUID()}:`
      const process = () =>
        once({ store: cached(store, { second: valkey(client, { sign: SECRET, prefix }) }), operation: 'p' })
      const request = { key: 'k', tenant: 't', payload: 1 }
      expect(await process()(request, () => Buffer.from([0, 255]))).toEqual({
        value: Buffer.from([0, 255]),
        status: 'created',
      })
      const before = calls.length
      expect(await process()(request, () => 'never')).toEqual({ value: Buffer.from([0, 255]), status: 'replayed' })
      expect(calls.length).toBe(before)
      const [key = ''] = await client.keys(`${prefix}*`)
      const milliseconds = await client.pttl(key)
      expect(milliseconds).toBeGreaterThan(0)
      expect(milliseconds).toBeLessThanOrEqual(900_000)
      await expect(process()({ ...request, payload: 2 }, () => 1)).rejects.toMatchObject({ code: 'key-reused' })
      expect(calls.length).toBe(before + 1)
      client.disconnect()
    },
  )

  test('two tables with one operation and one secret do not share an answer, even if entries are copied', async () => {
    const client = await connect('iovalkey')
    const [own, other] = [`${randomUUID()}:`, `${randomUUID()}:`]
    const at = (prefix: string) =>
      once({ store: cached(memoryStore(), { second: valkey(client, { sign: SECRET, prefix }) }), operation: 'p' })
    const request = { key: 'k', tenant: 't', payload: 1 }
    expect(await at(own)(request, () => 'staging')).toEqual({ value: 'staging', status: 'created' })
    expect(await at(other)({ ...request, key: 'l' }, () => 'other')).toEqual({ value: 'other', status: 'created' })
    for (const key of await client.keys(`${own}*`)) await client.copy(key, other + key.slice(own.length))
    expect(await at(other)(request, () => 'production')).toEqual({ value: 'production', status: 'created' })
    client.disconnect()
  })

  test('an entry that another program changed is not believed', async () => {
    const client = await connect('iovalkey')
    const second = valkey(client, { sign: SECRET, prefix: `${randomUUID()}:` })
    const store = memoryStore()
    const process = () => once({ store: cached(store, { second }), operation: 'p' })
    const request = { key: 'k', tenant: 't', payload: 1 }
    await process()(request, () => 'paid 5')
    for (const key of await client.keys('*')) {
      const entry = await client.getBuffer(key)
      await client.set(key, Buffer.from(`${entry?.toString('latin1')}`.replace('paid 5', 'paid 6'), 'latin1'))
    }
    expect(await process()(request, () => 'never')).toEqual({ value: 'paid 5', status: 'replayed' })
    client.disconnect()
  })

  test('a server that is killed changes no answer', async () => {
    const own = await startRedis()
    const client = new Valkey({ port: own.port, host: '127.0.0.1', maxRetriesPerRequest: 0, enableOfflineQueue: false })
    client.on('error', () => {})
    const store = memoryStore()
    const process = () =>
      once({ store: cached(store, { second: valkey(client, { sign: SECRET, prefix: 'p:' }) }), operation: 'p' })
    const request = { key: 'k', tenant: 't', payload: 1 }
    expect((await process()(request, () => 1)).status).toBe('created')
    await own.stop()
    expect((await process()(request, () => 2)).status).toBe('replayed')
    expect((await process()({ ...request, key: 'l' }, () => 3)).status).toBe('created')
    client.disconnect()
  })
})
