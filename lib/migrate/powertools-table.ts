import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { StoreMisconfiguredError } from '../core/errors.ts'
import type { Predecessor } from '../core/lifecycle/reconciliation.ts'
import { aFunction, checkOptions, isObject, OptionError, type Rule } from '../core/option-rules.ts'
import { faultOf } from '../dynamodb/faults.ts'
import { type Item, text } from '../dynamodb/item.ts'
import { outputOf } from '../dynamodb/output.ts'
import { BOUNDED_CLIENT, type SdkClient } from '../dynamodb/sdk/sdk-client.ts'
import { TABLE_RULES } from '../dynamodb/table-options.ts'
import { judgeOld } from './judge-old.ts'
import { lookInto } from './look-into.ts'
import { type OldRecord, oldRecord, type PowertoolsAttributes } from './powertools-item.ts'

export interface PowertoolsTableOptions<TSubject> extends PowertoolsAttributes {
  /** Name or ARN of the old function's table. The new function needs `dynamodb:GetItem` on it, and no more. */
  readonly tableName: string | undefined
  /**
   * The id of the old record of this request: {@link powertoolsKey} makes it. It gets what `tenant` gets: the event, in SQS
   * the message, in `once` the request. May be asynchronous. If it throws, nothing runs.
   */
  readonly keyOf: (subject: TSubject) => string | Promise<string>
  /**
   * The digest of what `payloadValidationJmesPath` selected, if the old function had that option: `powertoolsHash` makes
   * it. Another digest in the old record is a mismatch.
   * @default none: the old key alone decides
   */
  readonly validationOf?: ((subject: TSubject) => string | Promise<string>) | undefined
  /** Your own `DynamoDBClient`. @default a client with the time limits of the store's own */
  readonly client?: SdkClient | undefined
}

const WHERE = 'powertoolsTable(options)'

const aName: Rule = (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be a text')
const aClient: Rule = (value) =>
  isObject(value) && typeof value.send === 'function' ? undefined : 'must be a DynamoDBClient'

/**
 * The table of an operation that Powertools for AWS Lambda has protected so far, for the option `predecessor`. A claim that
 * would run reads the old record first. A completed one is replayed and kept in the new table, one in progress is a
 * conflict, and one that was left in progress is treated as an abandoned record. Nothing is written to the old table.
 *
 * The old function must have taken its last request before the new one takes its first: see docs/migrating.md.
 *
 * Throws `OptionError` at construction for an option that cannot be right.
 *
 * @example
 * predecessor: powertoolsTable({
 *   tableName: process.env.POWERTOOLS_TABLE,
 *   keyOf: (event) => powertoolsKey('payments-prod', JSON.parse(event.body).orderId),
 * })
 */
export const powertoolsTable = <TSubject>(options: PowertoolsTableOptions<TSubject>): Predecessor<TSubject> => {
  checkOptions(WHERE, options, {
    tableName: TABLE_RULES.tableName,
    keyOf: { required: true, rule: aFunction },
    validationOf: { rule: aFunction },
    client: { rule: aClient },
    ...Object.fromEntries(ATTRIBUTES.map((name) => [name, { rule: aName }])),
  })
  assertKey(options)
  const read = readerOf(options)
  const { keyOf, validationOf } = options
  return lookInto(async (subject: TSubject, { now, settings, signal }) => {
    const id = await textOf('keyOf', () => keyOf(subject))
    const validation = validationOf && (await textOf('validationOf', () => validationOf(subject)))
    // The run may end while its record is on the way, so what was read is judged by the time before.
    const asked = now()
    return judgeOld(await read(id, signal), { now: asked, skew: settings.store.skew, validation })
  })
}

const ATTRIBUTES = [
  'keyAttr',
  'sortKeyAttr',
  'staticPkValue',
  'statusAttr',
  'expiryAttr',
  'inProgressExpiryAttr',
  'dataAttr',
  'validationKeyAttr',
] as const satisfies readonly (keyof PowertoolsAttributes)[]

/** Powertools makes the default of `staticPkValue` from the old function's name, which only you know. */
const assertKey = ({ keyAttr = 'id', sortKeyAttr, staticPkValue }: PowertoolsAttributes): void => {
  if ((sortKeyAttr === undefined) !== (staticPkValue === undefined))
    throw new OptionError(WHERE, 'staticPkValue', 'must be there with sortKeyAttr, and only then')
  if (sortKeyAttr === keyAttr) throw new OptionError(WHERE, 'sortKeyAttr', 'must not be keyAttr')
}

/** A mistake of the function: no retry can help, and nothing may run. */
const textOf = async (name: string, call: () => string | Promise<string>): Promise<string> => {
  let value: unknown
  try {
    value = await call()
  } catch (error) {
    throw new StoreMisconfiguredError(`${WHERE}: ${name} has thrown`, { cause: error })
  }
  if (typeof value === 'string' && value !== '') return value
  throw new StoreMisconfiguredError(`${WHERE}: ${name} answered no text`)
}

type Read = (id: string, signal: AbortSignal) => Promise<OldRecord | undefined>

const readerOf = (options: PowertoolsTableOptions<never>): Read => {
  const { client = new DynamoDBClient(BOUNDED_CLIENT) } = options
  const tableName = options.tableName as string
  return async (id, abortSignal) => {
    const input = { TableName: tableName, Key: keyFor(options, id), ConsistentRead: true }
    const answer: unknown = await client
      .send(new GetItemCommand(input), { abortSignal })
      .catch((error: unknown) => Promise.reject(faultOf(error, tableName)))
    // A value that is no output must not count as an absent record.
    const { Item: item } = outputOf(answer, tableName)
    return item ? oldRecord(item, options, tableName) : undefined
  }
}

const keyFor = ({ keyAttr = 'id', sortKeyAttr, staticPkValue }: PowertoolsAttributes, id: string): Item =>
  sortKeyAttr === undefined || staticPkValue === undefined
    ? { [keyAttr]: text(id) }
    : { [keyAttr]: text(staticPkValue), [sortKeyAttr]: text(id) }
