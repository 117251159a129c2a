import { checkOptions, isObject, OptionError, type Rule } from '../../core/option-rules.ts'
import { ATTRIBUTES, PARTITION_KEY, TTL_ATTRIBUTE } from '../item.ts'
import type { ItemClient } from '../item-client.ts'
import type { TableKeys } from '../table-options.ts'
import { type KeyNames, namesBytes, recordKeyIn } from './key-names.ts'
import { renamedInput, renamedTransaction } from './renamed-input.ts'
import { withOwnNames } from './renamed-output.ts'

export type { TableKeys } from '../table-options.ts'

/** The names in your own table. All other attributes of a record keep their names. */
export interface KeyOptions {
  /** Name of the partition key, which must be a string: 1 to 255 characters. @default 'pk' */
  readonly partition?: string | undefined
  /** Name of the sort key, which must be a string, and its value in each record. @default no sort key */
  readonly sort?: { readonly name: string; readonly value: string } | undefined
  /**
   * Put in front of each record key, so that no other item of the table has the key of a record: 1 to 200 characters,
   * without `*`, `?` and `$`.
   * @default none
   */
  readonly prefix?: string | undefined
  /** Name of the attribute that TTL reads: 1 to 255 characters. @default 'expiresAt' */
  readonly ttlAttribute?: string | undefined
}

const WHERE = 'tableKeys(options)'

/**
 * The option `keys` of `dynamoDbStore` and `leanDynamoDbStore`, for a table whose keys have other names, or that holds other
 * items too. The records are the same in all else.
 *
 * With it, a transaction of `lambda-once/effects` or `lambda-once/write` may write to items of the same table, if `prefix`
 * or `sort` tells them from records.
 *
 * Throws `OptionError` at once for options that cannot be right.
 *
 * @example
 * const keys = tableKeys({ partition: 'PK', sort: { name: 'SK', value: 'IDEMPOTENCY' }, prefix: 'IDEM#', ttlAttribute: 'ttl' })
 * const store = dynamoDbStore({ tableName: process.env.SHOP_TABLE, keys })
 */
export const tableKeys = (options: KeyOptions): TableKeys => {
  checkOptions(WHERE, options, {
    partition: { rule: aName },
    sort: { rule: aSort },
    prefix: { rule: aPrefix },
    ttlAttribute: { rule: aName },
  })
  const { partition = PARTITION_KEY, sort, prefix = '', ttlAttribute: ttl = TTL_ATTRIBUTE } = options
  checkNames(partition, sort?.name, ttl)
  const names: KeyNames = Object.freeze({ partition, sort, prefix, ttl })
  return Object.freeze({
    prefix,
    renamed: <TInput extends object>(input: TInput) => renamedInput(names, input),
    restored: <TOutput extends object>(answer: Promise<TOutput>) => withOwnNames(names, answer),
    over: (client: ItemClient) => renamedClient(client, names),
    moreBytes: namesBytes(names),
    isRecord: (key: Readonly<Record<string, unknown>>) => recordKeyIn(names, key) !== undefined,
  })
}

const renamedClient = (client: ItemClient, names: KeyNames): ItemClient => ({
  putItem: (input, signal) => withOwnNames(names, client.putItem(renamedInput(names, input), signal)),
  updateItem: (input, signal) => withOwnNames(names, client.updateItem(renamedInput(names, input), signal)),
  getItem: (input, signal) => withOwnNames(names, client.getItem(renamedInput(names, input), signal)),
  ...(client.transactWriteItems === undefined
    ? {}
    : {
        transactWriteItems: (input, signal) =>
          withOwnNames(
            names,
            (client as Required<ItemClient>).transactWriteItems(renamedTransaction(names, input), signal),
          ),
      }),
})

const isName = (value: unknown): value is string => typeof value === 'string' && /^.{1,255}$/u.test(value)

const aName: Rule = (value) => (isName(value) ? undefined : 'must be the name of an attribute: 1 to 255 characters')

const aSort: Rule = (value) => {
  if (!isObject(value)) return 'must be { name, value }'
  const { name, value: text, ...others } = value
  const fits = isName(name) && typeof text === 'string' && /^.{1,200}$/u.test(text) && Object.keys(others).length === 0
  return fits ? undefined : 'must be { name, value }: a name of 1 to 255 characters, and a value of 1 to 200'
}

/** IAM takes `*`, `?` and `$` of a key in a policy for patterns. */
const aPrefix: Rule = (value) =>
  typeof value === 'string' && /^[^*?$\p{C}]{1,200}$/u.test(value)
    ? undefined
    : 'must be 1 to 200 characters, without * ? $'

/** A key or TTL attribute that has the name of another attribute would overwrite it. */
const checkNames = (partition: string, sort: string | undefined, ttl: string): void => {
  const own: ReadonlySet<string> = new Set(
    Object.values(ATTRIBUTES).filter((name) => name !== PARTITION_KEY && name !== TTL_ATTRIBUTE),
  )
  const seen = new Map<string, string>()
  for (const [option, name] of Object.entries({ partition, sort, ttlAttribute: ttl })) {
    if (name === undefined) continue
    if (own.has(name))
      throw new OptionError(WHERE, option, `is "${name}", which is the name of another attribute of a record`)
    const other = seen.get(name)
    if (other !== undefined)
      throw new OptionError(WHERE, option, `is "${name}"; it must not be the name of ${other} too`)
    seen.set(name, option)
  }
}
