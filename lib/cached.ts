/** Settled outcomes kept in the process, in front of any store. */
export type { Store } from './core/store.ts'
export { type CachedOptions, cached } from './stores/cached.ts'
