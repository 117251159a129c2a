import { IdempotencyError } from '../errors.ts'
import { OPERATION } from '../limits.ts'
import { digest } from './digest.ts'

declare const recordKey: unique symbol

/** Scope and idempotency key, as stored: `<operation>#<digest>`. It contains nothing that the client sent. */
export type RecordKey = string & { readonly [recordKey]: true }

/** For services without tenants. It has to be written out, because a forgotten tenant mixes up customers. */
export const SINGLE_TENANT = 'single-tenant'

/** What a record key is derived from. */
export interface RecordKeyParts {
  /** The option `operation`. */
  readonly operation: string
  /** The literal `'single-tenant'` stands for no tenant. */
  readonly tenant: string
  /** In capitals. Empty for an event source without methods. */
  readonly method?: string
  /** The template of the route. Empty for an event source without routes. */
  readonly route?: string
  /** The idempotency key as the client meant it, without the quotes of a header. */
  readonly key: string
}

export const isOperation = (value: unknown): value is string => typeof value === 'string' && OPERATION.test(value)

/**
 * Derives the key of a record in the table, for example to look one up. HTTP records have a method and a route, those
 * of queues and `once` have neither. Throws {@link IdempotencyError} `scope-missing` or `key-invalid` for a part that
 * is no string, empty or not well-formed Unicode.
 *
 * The operation stays readable, so IAM can limit a function to its own records by leading keys. The rest is a digest:
 * it has a fixed size, no personal data, and no separator that a tenant or key could contain.
 *
 * @example
 * deriveRecordKey({ operation: 'payments', tenant: 'merchant-7', method: 'POST', route: '/payments', key: 'abc' })
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
 * A key as `once` and the options `key` take it: the id of a database row may be a number, and counts as its decimal
 * text. Two ids beyond the safe integers may already have become one number, so such a number is refused.
 */
export const keyText = (key: string | number): string => {
  if (typeof key !== 'number') return key
  if (Number.isSafeInteger(key)) return String(key)
  throw new IdempotencyError(
    'key-invalid',
    'The idempotency key is a number that is not a safe integer; make it a string',
  )
}

/** The readable part: the name of an operation contains no `#`. */
export const operationOf = (recordKey: RecordKey): string => recordKey.slice(0, recordKey.indexOf('#'))

/** UTF-8 has no lone surrogates: two different ones would become the same bytes, and thus the same record. */
const assertText = (code: 'scope-missing' | 'key-invalid', name: string, value: unknown): void => {
  if (typeof value !== 'string') throw new IdempotencyError(code, `The ${name} is ${typeof value}, not a string`)
  if (value === '') throw new IdempotencyError(code, `The ${name} is empty`)
  assertWellFormed(code, name, value)
}

const assertWellFormed = (code: 'scope-missing' | 'key-invalid', name: string, value: string): void => {
  if (!value.isWellFormed()) throw new IdempotencyError(code, `The ${name} is not well-formed Unicode`)
}
