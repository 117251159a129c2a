import { LISTED_STATES } from '../../lib/cli/listed-states.ts'
import { type ShownRecord, shownRecord } from '../../lib/cli/page/shown-record.ts'
import { systemRuntime } from '../../lib/core/runtime.ts'
import type { Operator } from '../../lib/operator/index.ts'

/** More than one sees at a glance. */
const SHOWN_RECORDS = 30

/** The newest records of every state. A local table is small, so each state is scanned. */
export const allRecords = async ({ list }: Pick<Operator, 'list'>): Promise<readonly ShownRecord[]> => {
  const states = LISTED_STATES.filter((state) => state !== 'override') // such a record has another state too
  const pages = await Promise.all(states.map((state) => list({ state })))
  const records = pages.flatMap((page) => page.records).sort((a, b) => b.createdAt - a.createdAt)
  const now = systemRuntime.now()
  return records.slice(0, SHOWN_RECORDS).map((record) => shownRecord(record, now))
}
