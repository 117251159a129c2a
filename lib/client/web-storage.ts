import type { KeyStorage } from './key-storage.ts'
import type { ClientRuntime } from './runtime.ts'

/** The part of `localStorage` and `sessionStorage` that is used. */
export interface WebStorage {
  getItem(name: string): string | null
  setItem(name: string, text: string): void
  removeItem(name: string): void
}

interface Locks {
  request<T>(name: string, run: () => Promise<T>): Promise<T>
}

/**
 * Each process of a browser has its own copy of `localStorage`, and no lock keeps the copies equal
 * (https://github.com/whatwg/html/issues/403): in Chromium, two tabs that begin at the same moment read an old copy in
 * one of six cases, although each holds the Web Lock. So a tab that writes a new entry keeps the lock for this long, and
 * reads again then. Copies follow within a few milliseconds.
 */
const COPY_MILLIS = 100

export const webStorage =
  (storage: WebStorage, { sleep }: ClientRuntime): KeyStorage =>
  (name, change) => {
    const run = async (): Promise<string | null> => {
      const before = storage.getItem(name)
      const after = change(before)
      if (after === null) storage.removeItem(name)
      else storage.setItem(name, after)
      if (before !== null) return after
      await sleep(COPY_MILLIS)
      return storage.getItem(name)
    }
    // Browsers have Web Locks in secure contexts only. Without them, the tab that wrote last wins.
    const locks = (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks
    return locks === undefined ? run() : locks.request(name, run)
  }
