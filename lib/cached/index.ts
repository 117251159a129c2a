/** Wraps any store, and keeps settled outcomes in the process's memory. */
export type { Store } from '../core/record/store.ts'
export { type CachedOptions, cached } from './cached-store.ts'
export type { SecondLevel } from './second-level.ts'
