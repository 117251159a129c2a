import type { KeyStorage } from './key-storage.ts'

/** The part of `indexedDB` that is used. */
export interface IndexedDb {
  open(name: string, version: number): OpenRequest
}

interface DatabaseRequest<T> {
  readonly result: T
  readonly error: unknown
  onsuccess: unknown
  onerror: unknown
}

interface OpenRequest extends DatabaseRequest<Database> {
  onupgradeneeded: unknown
}

interface Database {
  createObjectStore(name: string): unknown
  transaction(name: string, mode: 'readwrite', options: { readonly durability: 'strict' }): Transaction
  close(): void
}

interface Transaction {
  readonly error: unknown
  objectStore(name: string): ObjectStore
  oncomplete: unknown
  onabort: unknown
}

interface ObjectStore {
  get(name: string): DatabaseRequest<unknown>
  put(text: string, name: string): unknown
  delete(name: string): unknown
}

const KEYS = 'keys'

/** Transactions that write run one after another, whatever tabs they come from. `strict`: they end on the disk. */
export const indexedDbStorage =
  (indexedDb: IndexedDb): KeyStorage =>
  (name, change) =>
    new Promise((resolve, reject) => {
      const opening = indexedDb.open('lambda-once', 1)
      opening.onupgradeneeded = () => opening.result.createObjectStore(KEYS)
      opening.onerror = () => reject(opening.error)
      opening.onsuccess = () => {
        const transaction = opening.result.transaction(KEYS, 'readwrite', { durability: 'strict' })
        opening.result.close() // after the transaction
        const store = transaction.objectStore(KEYS)
        const reading = store.get(name)
        let after: string | null
        reading.onsuccess = () => {
          after = change((reading.result as string | undefined) ?? null)
          if (after === null) store.delete(name)
          else store.put(after, name)
        }
        transaction.oncomplete = () => resolve(after)
        transaction.onabort = () => reject(transaction.error)
      }
    })
