/** Settled outcomes kept in the process, in front of any store. */
export type { Store } from '../core/record/store.ts'
export { type CachedOptions, cached } from './cached-store.ts'
