import { StoreMisconfiguredError } from '../core/errors.ts'
import { type EpochMillis, epochMillis } from '../core/time.ts'
import type { Item } from '../dynamodb/item.ts'
import { plainValue } from './plain-value.ts'

/** The names of the attributes, if the old function has set others. They are the options of the persistence layer. */
export interface PowertoolsAttributes {
  /** @default 'id' */
  readonly keyAttr?: string
  /** Set it if the old table has a sort key. @default none */
  readonly sortKeyAttr?: string
  /** The partition key of every item of a table with a sort key. Required with `sortKeyAttr`. */
  readonly staticPkValue?: string
  /** @default 'status' */
  readonly statusAttr?: string
  /** @default 'expiration' */
  readonly expiryAttr?: string
  /** @default 'in_progress_expiration' */
  readonly inProgressExpiryAttr?: string
  /** @default 'data' */
  readonly dataAttr?: string
  /** @default 'validation' */
  readonly validationKeyAttr?: string
}

/** A record of Powertools. */
export type OldRecord = {
  /** After this time the old function counts it as absent. */
  readonly expiresAt: EpochMillis
  /** The digest of the payload, if the old function validated it. */
  readonly validation: string | undefined
} & (
  | { readonly kind: 'completed'; readonly answer: unknown }
  /** `until`: when the run ends at the latest; `undefined` if the old function did not know. */
  | { readonly kind: 'inProgress'; readonly until: EpochMillis | undefined }
)

/** Throws {@link StoreMisconfiguredError} for an item that Powertools has not written: nothing may run beside it. */
export const oldRecord = (item: Item, names: PowertoolsAttributes, tableName: string): OldRecord => {
  const { statusAttr = 'status', expiryAttr = 'expiration', inProgressExpiryAttr = 'in_progress_expiration' } = names
  const { dataAttr = 'data', validationKeyAttr = 'validation' } = names
  const status = item[statusAttr]?.S
  const seconds = Number(item[expiryAttr]?.N ?? Number.NaN)
  const isCompleted = status === 'COMPLETED' || status === 'EXPIRED' // stored if it had expired when it was written
  if ((!isCompleted && status !== 'INPROGRESS') || !Number.isFinite(seconds))
    throw new StoreMisconfiguredError(
      `Table "${tableName}" has an item that is no record of Powertools: its ${statusAttr} is ${status}, and its ` +
        `${expiryAttr} ${item[expiryAttr]?.N}. Check the names of the attributes`,
    )
  const known = { expiresAt: epochMillis(Math.round(seconds * 1_000)), validation: item[validationKeyAttr]?.S }
  if (isCompleted) return { kind: 'completed', answer: plainValue(item[dataAttr]), ...known }
  const until = item[inProgressExpiryAttr]?.N
  return {
    kind: 'inProgress',
    until: until === undefined ? undefined : epochMillis(Math.round(Number(until))),
    ...known,
  }
}
