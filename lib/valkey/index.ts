/** A second level of `cached` in Valkey or Redis, which all processes share. */
export { type ValkeyClient, type ValkeyOptions, valkey } from './valkey.ts'
