import type { StoredRecord } from '../../core/record/record.ts'
import type { EpochMillis } from '../../core/time.ts'
import type { Operator } from '../../operator/index.ts'
import type { Answer } from '../answer.ts'
import type { ListFlags } from '../flags.ts'
import { type Io, type Paint, paintOf } from '../io.ts'
import { tabular } from '../labelled.ts'
import { quoted } from '../printable.ts'
import { openTable } from './open-table.ts'
import { anOperation, asRecordKey } from './record-key.ts'
import { distance } from './record-lines.ts'
import { type RecordView, viewOf } from './record-view.ts'

export interface Found {
  readonly records: readonly StoredRecord[]
  /** Keys of items that lambda-once did not write. */
  readonly unreadable: readonly string[]
  /** Where the list goes on; `undefined` at the end of the table. */
  readonly next: string | undefined
  readonly readUnits: number
  readonly scanned: number
}

export const list = async (flags: ListFlags, io: Io): Promise<Answer> => {
  if (flags.operation !== undefined) anOperation(flags.operation)
  const from = flags.from === undefined ? undefined : placeFrom(flags.from)
  const operator = openTable(flags, io)
  io.err(await costOf(operator, flags))
  const found = await scan(operator, flags, from)
  const now = io.now()
  const views = found.records.map((record) => viewOf(record, now))
  const { next, readUnits, scanned, unreadable } = found
  return {
    status: 0,
    json: { records: views, unreadable, next: next ?? null, readUnits, scanned },
    lines: [...rowsOf(views, now, paintOf(io)), ...endOf(flags, found)],
  }
}

/** In a table with other items a page may end at one of them. */
const placeFrom = (given: string): string => (given.startsWith('{') ? given : asRecordKey('--from', given))

export const costOf = async (
  operator: Pick<Operator, 'size'>,
  { readUnits }: Pick<ListFlags, 'readUnits'>,
): Promise<string> => {
  const limit = `it stops after ${readUnits}`
  try {
    const { items, bytes, scanReadUnits } = await operator.size()
    return `The table has about ${items} items in ${bytes} bytes: scanning all of it costs about ${scanReadUnits} read units; ${limit}.`
  } catch (error) {
    return `What a scan of the whole table costs is not known (${(error as Error).message}); ${limit}.`
  }
}

/** What is looked for, and after how much of it the scan stops. */
export type Wanted = Pick<ListFlags, 'state' | 'operation' | 'limit' | 'readUnits'>

export const scan = async (
  operator: Pick<Operator, 'list'>,
  flags: Wanted,
  first: string | undefined,
): Promise<Found> => {
  const records: StoredRecord[] = []
  const unreadable: string[] = []
  let [next, readUnits, scanned] = [first, 0, 0]
  do {
    const page = await operator.list({ state: flags.state, operation: flags.operation, from: next })
    records.push(...page.records)
    unreadable.push(...page.unreadable)
    readUnits += page.readUnits
    scanned += page.scanned
    next = page.next
  } while (next !== undefined && records.length < flags.limit && readUnits < flags.readUnits)
  // A scan may begin behind any record, so the rest of a page is not lost.
  const shown = records.slice(0, flags.limit)
  if (records.length > flags.limit) next = shown.at(-1)?.recordKey
  return { records: shown, unreadable, next, readUnits, scanned }
}

const rowsOf = (views: readonly RecordView[], now: EpochMillis, paint: Paint): readonly string[] =>
  views.length === 0
    ? []
    : tabular(
        ['RECORD', 'STATE', 'ATTEMPTS', 'CREATED', 'IN DOUBT', 'LAST ERROR'],
        views.map(({ recordKey, state, attempt, createdAt, stepsInDoubt = [], lastError }) => [
          recordKey,
          state,
          String(attempt),
          distance(Date.parse(createdAt) - now),
          stepsInDoubt.join(' '),
          lastError ?? '',
        ]),
        paint,
      )

const endOf = ({ state }: ListFlags, { records, unreadable, next, readUnits, scanned }: Found): readonly string[] => [
  `${records.length === 1 ? '1 record' : `${records.length} records`} (${state}), ${scanned} items read for ${readUnits} read units.`,
  ...unreadable.map((key) => `Not a record of lambda-once, so left out: ${quoted(key)}`),
  ...(next === undefined ? [] : [`There is more of the table. Go on with: --from ${quoted(next)}`]),
]
