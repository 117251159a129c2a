import { type Answer, UsageError } from '../answer.ts'
import type { InspectFlags } from '../flags.ts'
import { type Io, paintOf } from '../io.ts'
import { openTable } from './open-table.ts'
import { recordKeyFrom } from './record-key.ts'
import { recordLines } from './record-lines.ts'
import { viewOf } from './record-view.ts'

export const inspect = async (flags: InspectFlags, io: Io): Promise<Answer> => {
  if (flags.port !== undefined) throw new UsageError('--port is the port of --serve; give both, or none')
  const recordKey = recordKeyFrom(flags)
  const record = await openTable(flags, io).find(recordKey)
  if (record === undefined) return noRecord(recordKey)
  const now = io.now()
  const view = viewOf(record, now, flags.showAnswer)
  return { status: 0, json: { found: true, record: view }, lines: recordLines(view, now, paintOf(io)) }
}

/** The usual reasons why a record that should exist is not found. */
export const noRecord = (recordKey: string): Answer => ({
  status: 1,
  json: { found: false, recordKey },
  lines: [
    `There is no record ${recordKey}.`,
    'No request with this key has arrived, or the record has expired and was deleted. Or a part differs: the tenant, the',
    "method in capitals, the route's template (with its {parameters}), the key without the quotes of its header.",
  ],
})
