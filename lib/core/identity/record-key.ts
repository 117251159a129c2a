import { IdempotencyError } from '../errors.ts'
import { OPERATION } from '../limits.ts'
import { digest } from './digest.ts'

declare const recordKey: unique symbol

/** Scope and idempotency key, as stored: `<operation>#<digest>`. Holds nothing that the client sent. */
export type RecordKey = string & { readonly [recordKey]: true }

/** For services without tenants. A choice that has to be written out, since a forgotten tenant mixes customers up. */
export const SINGLE_TENANT = 'single-tenant'

export interface RecordKeyParts {
  /** The option of that name. */
  readonly operation: string
  /** The literal `'single-tenant'` stands for no tenant. */
  readonly tenant: string
  /** Empty where the event source has none. */
  readonly method?: string
  /** Empty where the event source has none. */
  readonly route?: string
  readonly key: string
}

export const isOperation = (value: unknown): value is string => typeof value === 'string' && OPERATION.test(value)

/**
 * The key of a record in the table, for whoever looks one up: `key` as the client meant it, without the quotes of a header;
 * `method` in capitals and the route's template for HTTP, neither for queues and `once`.
 *
 * The operation stays readable, so that IAM can bind a function to its own records by leading keys. The rest is a
 * digest: of fixed size, without personal data, and without a separator that a tenant or key could contain.
 */
export const deriveRecordKey = ({ operation, tenant, method = '', route = '', key }: RecordKeyParts): RecordKey => {
  assertText('scope-missing', 'tenant', tenant)
  assertText('key-invalid', 'idempotency key', key)
  assertWellFormed('scope-missing', 'method', method)
  assertWellFormed('scope-missing', 'route', route)
  const parts = [tenant === SINGLE_TENANT ? '' : tenant, method, route, key]
  return `${operation}#${digest('lambda-once/record-key/1', parts)}` as RecordKey
}

/**
 * A key as the entries take it: the id of a database row may be a number, and counts as its decimal text. Two ids beyond
 * the safe integers may have become one number already, so such a number is refused.
 */
export const keyText = (key: string | number): string => {
  if (typeof key !== 'number') return key
  if (Number.isSafeInteger(key)) return String(key)
  throw new IdempotencyError(
    'key-invalid',
    'The idempotency key is a number that is not a safe integer; make it a string',
  )
}

/** The readable part: an operation's name holds no `#`. */
export const operationOf = (recordKey: RecordKey): string => recordKey.slice(0, recordKey.indexOf('#'))

/** UTF-8 has no lone surrogates: two different ones would become the same bytes, and so the same record. */
const assertText = (code: 'scope-missing' | 'key-invalid', name: string, value: unknown): void => {
  if (typeof value !== 'string') throw new IdempotencyError(code, `The ${name} is ${typeof value}, not a string`)
  if (value === '') throw new IdempotencyError(code, `The ${name} is empty`)
  assertWellFormed(code, name, value)
}

const assertWellFormed = (code: 'scope-missing' | 'key-invalid', name: string, value: string): void => {
  if (!value.isWellFormed()) throw new IdempotencyError(code, `The ${name} is not well-formed Unicode`)
}
