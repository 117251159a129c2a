import type { SqsRecord } from './record.ts'

/**
 * What is used of a Standard Schema validator (https://standardschema.dev, version 1): Zod, Valibot, ArkType and others
 * have it. Written out here, so that no package has to be installed for its type.
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

/** A function of the body's text, or a validator of the body's JSON. */
export type Parse<TBody> = ((text: string, record: SqsRecord) => TBody | Promise<TBody>) | SchemaLike<TBody>

/** Thrown where a validator found something wrong; the issues are its own. */
export class BodyInvalidError extends TypeError {
  override readonly name = 'BodyInvalid'
  readonly issues: readonly { readonly message: string }[]

  constructor(issues: readonly { readonly message: string }[]) {
    super('The validator refused the body')
    this.issues = issues
  }
}

/** Throws at once what is wrong at once: what rejects later may be right another time. */
export const parseBody = <TBody>(
  parse: Parse<TBody> | undefined,
  text: string,
  record: SqsRecord,
): TBody | Promise<TBody> => {
  if (parse === undefined) return JSON.parse(text) as TBody
  if (!isSchema(parse)) return parse(text, record)
  const result = parse['~standard'].validate(JSON.parse(text))
  return 'then' in result ? result.then(validated) : validated(result)
}

/** Some validators are functions too (ArkType's), so a schema is told by its mark alone. */
export const isSchema = (parse: unknown): parse is SchemaLike<unknown> =>
  (typeof parse === 'object' || typeof parse === 'function') && parse !== null && '~standard' in parse

const validated = <TBody>(result: SchemaResult<TBody>): TBody => {
  if (result.issues !== undefined) throw new BodyInvalidError(result.issues)
  return result.value
}
