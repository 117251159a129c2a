import type { Item } from '../item.ts'
import { asRecord, type KeyNames, recordKeyIn } from './key-names.ts'

/** What outputs and errors may have of items. */
interface WithItem {
  Item?: Item | null
  readonly Attributes?: Item
  readonly Items?: readonly Item[]
  readonly LastEvaluatedKey?: Item
  readonly CancellationReasons?: readonly WithItem[]
}

/** The answer of the table, or its error, under the names of a record. */
export const withOwnNames = async <T extends object>(names: KeyNames, answer: Promise<T>): Promise<T> => {
  try {
    return restored(names, await answer)
  } catch (error) {
    rename(names, error)
    // The record is the first item of a transaction. The items of all others are yours.
    rename(names, (error as WithItem | undefined)?.CancellationReasons?.[0])
    throw error
  }
}

/** Of a page, only the records are left. */
const restored = <T extends object>(names: KeyNames, output: T): T => {
  const { Item: item, Attributes, Items, LastEvaluatedKey } = output as WithItem
  return {
    ...output,
    ...(item && { Item: asRecord(names, item) }),
    ...(Attributes && { Attributes: asRecord(names, Attributes) }),
    ...(Items && {
      Items: Items.filter((each) => recordKeyIn(names, each) !== undefined).map((each) => asRecord(names, each)),
    }),
    ...(LastEvaluatedKey && { LastEvaluatedKey: asPlace(names, LastEvaluatedKey) }),
  }
}

/** Where a scan goes on. It may be an item that is no record, so its whole key is kept. */
const asPlace = (names: KeyNames, key: Item): Item =>
  recordKeyIn(names, key) === undefined ? key : asRecord(names, key)

const rename = (names: KeyNames, found: unknown): void => {
  const { Item: item } = (found ?? {}) as WithItem
  if (item) Object.assign(found as WithItem, { Item: asRecord(names, item) })
}
