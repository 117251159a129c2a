/** Keeps records in a table with key names of its own, next to other items. */
export { type KeyOptions, type TableKeys, tableKeys } from './table-keys.ts'
