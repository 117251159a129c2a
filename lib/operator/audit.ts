import type { OperatorAct } from '../core/events.ts'
import { MAX_AUDIT_ENTRIES } from '../core/limits.ts'
import { isObject } from '../core/option-rules.ts'
import type { StoredRecord } from '../core/record/record.ts'
import type { EpochMillis } from '../core/time.ts'

/** One act of a person. */
export interface AuditEntry {
  readonly at: EpochMillis
  readonly by: string
  readonly act: OperatorAct
  readonly reason: string
  /** The record's status before the act. */
  readonly from: StoredRecord['status']
  /** The step that `keepStep` and `rerunStep` are about. */
  readonly step?: string
}

/** The acts of persons on this record, oldest first. The newest 20 are kept. */
export const auditOf = ({ audit }: Pick<StoredRecord, 'audit'>): readonly AuditEntry[] => {
  if (audit === undefined) return []
  try {
    const entries: unknown = JSON.parse(audit)
    return Array.isArray(entries) ? entries.filter(isObject as (entry: unknown) => entry is never) : []
  } catch {
    return [] // another program has written it; the record itself can still be decided
  }
}

export const hasEntry = (record: StoredRecord, entry: AuditEntry): boolean =>
  auditOf(record).some((known) => JSON.stringify(known) === JSON.stringify(entry))

export const withEntry = (record: StoredRecord, entry: AuditEntry): string =>
  JSON.stringify([...auditOf(record), entry].slice(-MAX_AUDIT_ENTRIES))
