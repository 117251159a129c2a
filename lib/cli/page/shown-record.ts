import type { StoredRecord } from '../../core/record/record.ts'
import type { EpochMillis } from '../../core/time.ts'
import { auditLines, distance, type RecordRow, recordRows } from '../table/record-lines.ts'
import { type RecordState, viewOf } from '../table/record-view.ts'

/** A record as the page shows it: in words, and without its answer. */
export interface ShownRecord {
  readonly recordKey: string
  readonly state: RecordState
  readonly attempt: number
  /** When it was created, such as `5 seconds ago`. */
  readonly age: string
  /** When its lease ends or ended; absent if it has none. */
  readonly lease?: string
  readonly rows: readonly RecordRow[]
  /** What persons did to it. */
  readonly audit: readonly string[]
}

export const shownRecord = (record: StoredRecord, now: EpochMillis): ShownRecord => {
  const view = viewOf(record, now)
  const { recordKey, state, attempt, createdAt, leaseExpiresAt } = view
  return {
    recordKey,
    state,
    attempt,
    age: distance(Date.parse(createdAt) - now),
    ...(leaseExpiresAt === undefined ? {} : { lease: distance(Date.parse(leaseExpiresAt) - now) }),
    rows: recordRows(view, now),
    audit: auditLines(view),
  }
}
