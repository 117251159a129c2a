/** For the callers of an API: browsers, Node.js, Deno and Bun. Without the AWS SDK, and without built-ins of Node.js. */

export type { ResultStatus } from './answer.ts'
export type { RepeatableBody } from './body.ts'
export { type DeriveKeyOptions, deriveKey } from './derive-key.ts'
export {
  AttemptsError,
  DeadlineError,
  KeyReusedError,
  RefusedError,
  RequestError,
  UnfinishedError,
  UsageError,
} from './errors.ts'
export type { Result } from './exchange.ts'
export { type IdempotentFetch, idempotentFetch } from './idempotent-fetch.ts'
export type { IndexedDb } from './indexed-db.ts'
export type { KeyStorage } from './key-storage.ts'
export { type OperationKey, type OperationKeyOptions, operationKey } from './operation-key.ts'
export type { FetchOptions } from './options.ts'
export type { KeyPart } from './parts.ts'
export type { OperationInit } from './request.ts'
export type { ClientRuntime } from './runtime.ts'
export type { WebStorage } from './web-storage.ts'
