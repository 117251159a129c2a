import type { Rule } from '../core/option-rules.ts'
import { BodyInvalidError } from './errors.ts'

/**
 * The part of a Standard Schema validator (https://standardschema.dev, version 1) that the layer uses. Zod, Valibot and
 * ArkType validators have it. It is written out here so that you need not install a package for the type.
 */
export interface SchemaLike<TBody> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<TBody> | Promise<SchemaResult<TBody>>
  }
}

export type SchemaResult<TBody> =
  | { readonly value: TBody; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/** A function of the body's text, or a validator of the body's JSON. Either may be asynchronous. */
export type Parse<TBody, TRecord> = ((text: string, record: TRecord) => TBody | Promise<TBody>) | SchemaLike<TBody>

export const aParse: Rule = (value) =>
  typeof value === 'function' || isSchema(value) ? undefined : 'must be a function or a Standard Schema validator'

/** What `make` makes of a value that may still be awaited. */
export const afterwards = <T, U>(value: T | Promise<T>, make: (value: T) => U): U | Promise<U> =>
  typeof (value as Promise<T> | null | undefined)?.then === 'function'
    ? (value as Promise<T>).then(make)
    : make(value as T)

/** A synchronous error is thrown synchronously: it is final, while a rejection may succeed on the next delivery. */
export const parseBody = <TBody, TRecord>(
  parse: Parse<TBody, TRecord> | undefined,
  text: string,
  record: TRecord,
): TBody | Promise<TBody> => {
  if (parse === undefined) return JSON.parse(text) as TBody
  if (!isSchema(parse)) return parse(text, record)
  const result = parse['~standard'].validate(JSON.parse(text))
  return 'then' in result ? result.then(validated) : validated(result)
}

/** Some validators are functions too (ArkType's), so the property decides, not the type. */
const isSchema = (parse: unknown): parse is SchemaLike<unknown> =>
  (typeof parse === 'object' || typeof parse === 'function') && parse !== null && '~standard' in parse

const validated = <TBody>(result: SchemaResult<TBody>): TBody => {
  if (result.issues !== undefined) throw new BodyInvalidError(result.issues)
  return result.value
}
