/** Keeps records in a table whose keys have other names, next to other items. */
export { type KeyOptions, type TableKeys, tableKeys } from './table-keys.ts'
