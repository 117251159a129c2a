/** A middleware for Hono, for routes inside one function that need their own options. */
export { claimOf } from '../http/context-claim.ts'
export { type HonoOptions, idempotency } from './idempotency.ts'
