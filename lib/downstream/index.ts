/** For the services that a handler calls: sends an idempotency key, and says of an error whether nothing was sent. */
export { type KeyedFetchOptions, keyedFetch } from './keyed-fetch.ts'
export { wasNotSent } from './was-not-sent.ts'
