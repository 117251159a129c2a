import type { ScanCommandInput, ScanCommandOutput } from '@aws-sdk/client-dynamodb'
import type { RecordKey } from '../core/identity/record-key.ts'
import { OPERATION } from '../core/limits.ts'
import type { StoredRecord } from '../core/record/record.ts'
import type { EpochMillis } from '../core/time.ts'
import { ATTRIBUTES as A, fromItem, type Item, keyOf, number, text } from '../dynamodb/item.ts'

/** `'abandoned'`: in progress without a live lease. `'live'`: in progress under a live lease. `'override'`: with one. */
export type ListedState = 'abandoned' | 'live' | 'failed' | 'released' | 'succeeded' | 'override'

export interface ListOptions {
  readonly state: ListedState
  /** Only records of this operation. @default all */
  readonly operation?: string | undefined
  /** The `next` of the page before. @default the first page */
  readonly from?: string | undefined
}

export interface Page {
  readonly records: readonly StoredRecord[]
  /** Keys of items that match, and that lambda-once did not write. */
  readonly unreadable: readonly string[]
  /**
   * Where the next page begins: the key of a record, or in a table with other items the key of one of them as JSON;
   * `undefined` after the last.
   */
  readonly next: string | undefined
  /** What the page cost, in read units. */
  readonly readUnits: number
  /** How many items were read for it. */
  readonly scanned: number
}

const FILTERS: Readonly<Record<ListedState, string>> = {
  abandoned: '#status = :status AND (attribute_not_exists(#lease) OR #lease < :ended)',
  live: '#status = :status AND #lease >= :ended',
  failed: '#status = :status',
  released: '#status = :status',
  succeeded: '#status = :status',
  override: 'attribute_exists(#override) AND #status <> :status',
}

const STATUS: Readonly<Record<ListedState, string>> = {
  abandoned: 'IN_PROGRESS',
  live: 'IN_PROGRESS',
  failed: 'FAILED',
  released: 'RELEASED',
  succeeded: 'SUCCEEDED',
  override: 'RELEASED',
}

export interface ListTerms {
  readonly now: EpochMillis
  readonly skewSeconds: number
  /** In front of each record key in the table. */
  readonly prefix: string
}

/** There is no index on the state, because each write of each record would pay for it. */
export const scanInput = (
  tableName: string,
  { state, operation, from }: ListOptions,
  { now, skewSeconds, prefix }: ListTerms,
): ScanCommandInput => {
  if (operation !== undefined && !OPERATION.test(operation))
    throw new TypeError(
      `list(options): operation is "${operation}"; it must be 1 to 100 characters of A-Z a-z 0-9 . _ -`,
    )
  const usesLease = state === 'abandoned' || state === 'live'
  const start = prefix + (operation === undefined ? '' : `${operation}#`)
  return {
    TableName: tableName,
    FilterExpression: `${FILTERS[state]}${start === '' ? '' : ' AND begins_with(#pk, :start)'}`,
    ExpressionAttributeNames: {
      '#status': A.status,
      ...(usesLease ? { '#lease': A.leaseExpiresAt } : {}),
      ...(state === 'override' ? { '#override': A.override } : {}),
      ...(start === '' ? {} : { '#pk': A.recordKey }),
    },
    ExpressionAttributeValues: {
      ':status': text(STATUS[state]),
      ...(usesLease ? { ':ended': number(now - skewSeconds * 1_000) } : {}),
      ...(start === '' ? {} : { ':start': text(start) }),
    },
    ReturnConsumedCapacity: 'TOTAL',
    ...(from === undefined ? {} : { ExclusiveStartKey: placeOf(from) }),
  }
}

const placeOf = (from: string): Item => (from.startsWith('{') ? JSON.parse(from) : keyOf(from as RecordKey))

export const pageOf = ({
  Items = [],
  LastEvaluatedKey,
  ScannedCount = 0,
  ConsumedCapacity,
}: ScanCommandOutput): Page => ({
  ...recordsOf(Items as readonly Item[]),
  next: LastEvaluatedKey && (LastEvaluatedKey[A.recordKey]?.S ?? JSON.stringify(LastEvaluatedKey)),
  readUnits: ConsumedCapacity?.CapacityUnits ?? 0,
  scanned: ScannedCount,
})

/** One item of another program must not hide all records. */
const recordsOf = (items: readonly Item[]): Pick<Page, 'records' | 'unreadable'> => {
  const [records, unreadable]: [StoredRecord[], string[]] = [[], []]
  for (const item of items) {
    try {
      records.push(fromItem(item))
    } catch {
      unreadable.push(item[A.recordKey]?.S ?? '')
    }
  }
  return { records, unreadable }
}
