/** Records in memory, for tests. */
export { type MemoryStore, type MemoryStoreOptions, memoryStore } from './memory-store.ts'
