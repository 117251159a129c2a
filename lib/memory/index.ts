/** A store that keeps records in memory, for tests. */
export { type MemoryStore, type MemoryStoreOptions, memoryStore } from './memory-store.ts'
