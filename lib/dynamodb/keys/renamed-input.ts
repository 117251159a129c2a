import type { TransactWriteItemsCommandInput } from '@aws-sdk/client-dynamodb'
import { type Item, PARTITION_KEY, TTL_ATTRIBUTE } from '../item.ts'
import { asInTable, type KeyNames } from './key-names.ts'

/** What the inputs of all calls may have. */
interface AnyInput {
  readonly Item?: Item | undefined
  readonly Key?: Item | undefined
  readonly ExclusiveStartKey?: Item | undefined
  readonly ConditionExpression?: string | undefined
  readonly UpdateExpression?: string | undefined
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
}

/** The two names in an expression, but not in a placeholder (`:expiresAt`), nor in a longer name (`leaseExpiresAt`). */
const NAMES = new RegExp(`(?<![:#\\w])(?:${PARTITION_KEY}|${TTL_ATTRIBUTE})\\b`, 'g')

/** The same request under the names of the table. */
export const renamedInput = <TInput extends object>(names: KeyNames, input: TInput): TInput => {
  const { Item, Key, ExclusiveStartKey, ConditionExpression, UpdateExpression } = input as AnyInput
  const { ExpressionAttributeNames = {} } = input as AnyInput
  const inTable = (name: string): string =>
    name === PARTITION_KEY ? names.partition : name === TTL_ATTRIBUTE ? names.ttl : name
  const used = Object.fromEntries(Object.entries(ExpressionAttributeNames).map(([id, name]) => [id, inTable(name)]))
  const renamed = (expression: string | undefined): string | undefined =>
    expression?.replace(NAMES, (name) => {
      used[`#${name}`] = inTable(name)
      return `#${name}`
    })
  const changed = {
    Item: Item && asInTable(names, Item),
    Key: Key && asInTable(names, Key),
    // A page may end at an item that is no record: its key is the table's own.
    ExclusiveStartKey: ExclusiveStartKey?.[PARTITION_KEY] && asInTable(names, ExclusiveStartKey),
    ConditionExpression: renamed(ConditionExpression),
    UpdateExpression: renamed(UpdateExpression),
  }
  const given = Object.entries(changed).filter(([, value]) => value !== undefined)
  return {
    ...input,
    ...Object.fromEntries(given),
    ...(Object.keys(used).length > 0 && { ExpressionAttributeNames: used }),
  }
}

/** The first item of a transaction is the record. All others are yours, and stay as they are. */
export const renamedTransaction = (
  names: KeyNames,
  { TransactItems: [record = {}, ...others] = [], ...rest }: TransactWriteItemsCommandInput,
): TransactWriteItemsCommandInput => ({
  ...rest,
  TransactItems: [
    Object.fromEntries(Object.entries(record).map(([action, input]) => [action, renamedInput(names, input as object)])),
    ...others,
  ],
})
