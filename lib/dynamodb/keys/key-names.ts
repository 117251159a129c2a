import { type Item, PARTITION_KEY, TTL_ATTRIBUTE, text } from '../item.ts'

/** What the table calls the attributes whose names may differ. */
export interface KeyNames {
  readonly partition: string
  readonly sort: { readonly name: string; readonly value: string } | undefined
  readonly prefix: string
  readonly ttl: string
}

/** The item, or its key, under the names of the table. */
export const asInTable = ({ partition, sort, prefix, ttl }: KeyNames, item: Item): Item => {
  const { [PARTITION_KEY]: key, [TTL_ATTRIBUTE]: expiresAt, ...rest } = item
  return {
    [partition]: text(`${prefix}${key?.S}`),
    ...(sort === undefined ? {} : { [sort.name]: text(sort.value) }),
    ...rest,
    ...(expiresAt === undefined ? {} : { [ttl]: expiresAt }),
  }
}

/** The item of the table under the names of a record. An item without the key of a record has no record key. */
export const asRecord = (names: KeyNames, item: Item): Item => {
  const { partition, sort, ttl } = names
  const { [partition]: _, [ttl]: expiresAt, ...rest } = item
  if (sort !== undefined) delete rest[sort.name]
  const recordKey = recordKeyIn(names, item)
  return {
    ...rest,
    ...(recordKey === undefined ? {} : { [PARTITION_KEY]: text(recordKey) }),
    ...(expiresAt === undefined ? {} : { [TTL_ATTRIBUTE]: expiresAt }),
  }
}

/** The record key in an item or a key of the table; `undefined` if it is not the key of a record. */
export const recordKeyIn = (
  { partition, sort, prefix }: KeyNames,
  key: Readonly<Record<string, unknown>>,
): string | undefined => {
  const value = textIn(key[partition])
  if (value === undefined || !value.startsWith(prefix)) return undefined
  return sort === undefined || textIn(key[sort.name]) === sort.value ? value.slice(prefix.length) : undefined
}

const textIn = (value: unknown): string | undefined => {
  const { S: given } = (value ?? {}) as { readonly S?: unknown }
  return typeof given === 'string' ? given : undefined
}

/** How much larger an item is than under the names of a record. */
export const namesBytes = ({ partition, sort, prefix, ttl }: KeyNames): number =>
  Buffer.byteLength(`${partition}${prefix}${sort?.name ?? ''}${sort?.value ?? ''}${ttl}`) -
  Buffer.byteLength(`${PARTITION_KEY}${TTL_ATTRIBUTE}`)
