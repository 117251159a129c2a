/** A middleware for Express and other frameworks over Node's own requests and responses. */
export { claimOf } from '../http/context-claim.ts'
export { type ExpressOptions, type IdempotencyMiddleware, idempotency } from './idempotency.ts'
export type { ParsedRequest } from './parsed-request.ts'
