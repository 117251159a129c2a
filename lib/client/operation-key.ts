import { KeyReusedError } from './errors.ts'
import { type IndexedDb, indexedDbStorage } from './indexed-db.ts'
import type { KeyStorage } from './key-storage.ts'
import { type KeyPart, textsOf } from './parts.ts'
import { checkOptions, refuse } from './rules.ts'
import { type ClientRuntime, systemRuntime } from './runtime.ts'
import { type WebStorage, webStorage } from './web-storage.ts'

export interface OperationKeyOptions {
  /**
   * How long the key is kept, in seconds, from the first time it is sent: 60 to 31,536,000. Take at most the time that
   * the server remembers a key.
   * @default 86,400 (a day), as lambda-once and Stripe do
   */
  readonly ttlSeconds?: number | undefined
  /** Clock, timers and randomness, for tests. */
  readonly runtime?: ClientRuntime | undefined
}

/** The key of one operation, kept in a storage. Give it to `idempotentFetch` as `key`. */
export interface OperationKey {
  /** The key that is sent. */
  readonly key: string
  /**
   * Forgets the key: the same parts get a new one, which is a new operation. Call it once the operation is over and your
   * page knows it, for example when the page that shows the receipt is loaded.
   */
  done(): Promise<void>
  /**
   * Binds the key to one request before it is sent. Resolves to the key that all tabs send. Throws `KeyReusedError` if
   * the key is bound to another request. `idempotentFetch` calls it.
   */
  bind(fingerprint: string): Promise<string>
  /** Another request may be sent with this key: nothing was done. `idempotentFetch` calls it. */
  unbind(): Promise<void>
}

interface Entry {
  readonly key: string
  /** Epoch milliseconds. */
  readonly until: number
  /** The fingerprint of the request. */
  readonly bound?: string | undefined
}

/**
 * The key of the operation that the parts name: the same one after a reload, in a new tab, and in two tabs at once, until
 * `done()`. Keep nothing secret in the parts: they are the name of the entry.
 *
 * `storage`: `indexedDB`, `localStorage`, `sessionStorage`, or a function. Throws `UsageError` if something cannot be
 * right, and what the storage throws if it is blocked or full. Then nothing was sent.
 *
 * @example
 * const key = await operationKey(indexedDB, ['checkout', cart.id])
 */
export const operationKey = async (
  storage: IndexedDb | WebStorage | KeyStorage,
  parts: readonly KeyPart[],
  options: OperationKeyOptions = {},
): Promise<OperationKey> => {
  const given = checkOptions(options, { ttlSeconds: [60, 31_536_000], runtime: 'object' })
  const { ttlSeconds = 86_400, runtime = systemRuntime } = given
  const change = entriesOf(storageOf(storage, runtime), `lambda-once:${JSON.stringify(textsOf(parts))}`)
  const until = (): number => runtime.now() + ttlSeconds * 1_000

  const made = { key: runtime.randomKey(), until: until() }
  const entry = await change((before) => (before && before.until > runtime.now() ? before : made))
  let { key } = entry ?? made
  return {
    get key() {
      return key
    },
    done: async () => {
      await change((before) => (before?.key === key ? null : before))
    },
    bind: async (fingerprint) => {
      const bound = (before: Entry | null): Entry =>
        before?.bound === undefined ? { key: before?.key ?? key, until: until(), bound: fingerprint } : before
      const after = await change(bound)
      key = after?.key ?? key
      if (after === null || after.bound === fingerprint) return key
      throw new KeyReusedError('The key is bound to another request', { key, attempts: 0, code: 'key-reused' })
    },
    unbind: async () => {
      await change((before) => (before?.key === key ? { ...before, bound: undefined } : before))
    },
  }
}

type ChangeOfEntry = (change: (before: Entry | null) => Entry | null) => Promise<Entry | null>

const entriesOf =
  (storage: KeyStorage, name: string): ChangeOfEntry =>
  async (change) =>
    read(await storage(name, (text) => written(change(read(text)))))

const read = (text: string | null): Entry | null => JSON.parse(text ?? 'null')

const written = (entry: Entry | null): string | null => entry && JSON.stringify(entry)

const storageOf = (storage: IndexedDb | WebStorage | KeyStorage, runtime: ClientRuntime): KeyStorage => {
  if (typeof storage === 'function') return storage
  if ('setItem' in storage) return webStorage(storage, runtime)
  if ('open' in storage) return indexedDbStorage(storage)
  return refuse('storage must be indexedDB, a Storage or a function')
}
