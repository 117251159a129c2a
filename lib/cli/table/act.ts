import type { RecordKey } from '../../core/identity/record-key.ts'
import type { StoredRecord } from '../../core/record/record.ts'
import type { ActResult, Operator } from '../../operator/index.ts'
import { type Answer, UsageError } from '../answer.ts'
import type { WriteFlags } from '../flags.ts'
import { type Io, paintOf } from '../io.ts'
import { openAuditLog } from './audit-log.ts'
import { noRecord } from './inspect.ts'
import { openTable } from './open-table.ts'
import { recordLines } from './record-lines.ts'
import { viewOf } from './record-view.ts'
import { whoActs } from './who-acts.ts'

/** One act on one record. */
export interface WantedAct {
  readonly recordKey: RecordKey
  /** What it does, and what that means: the person reads it before the question. */
  readonly meaning: (seen: StoredRecord) => readonly string[]
  readonly write: (operator: Operator, seen: StoredRecord) => Promise<ActResult>
}

/** Looks at the record, asks, and writes only if the record is still as it was seen. */
export const act = async (flags: WriteFlags, io: Io, { recordKey, meaning, write }: WantedAct): Promise<Answer> => {
  const by = await whoActs(flags)
  const confirm = (_: unknown, seen: StoredRecord): boolean | Promise<boolean> =>
    flags.yes === true || agreed(io, [...shown(seen, io), '', ...meaning(seen), `You act as ${by}.`])
  const operator = openTable(flags, io, { by, confirm })
  const seen = await operator.find(recordKey)
  if (seen === undefined) return noRecord(recordKey)
  const auditLog = await openAuditLog(flags, io)
  const result = await write(operator, seen)
  if (result.kind === 'done') await auditLog?.add(result.record)
  return answerOf(result, io)
}

/** Checked first, before anything is read. Returns the reason. */
export const reasonToWrite = ({ yes, reason }: WriteFlags, io: Io): string => {
  if (reason === undefined) throw new UsageError("say why, for the audit trail: --reason 'TEXT'")
  if (yes === true || io.canAsk) return reason
  throw new UsageError(
    'this command asks before it writes, and there is no terminal; give --yes to write without asking',
  )
}

const agreed = async (io: Io, lines: readonly string[]): Promise<boolean> => {
  for (const line of lines) io.err(line)
  return /^y(es)?$/i.test((await io.ask('Write it? [y/N] ')).trim())
}

const shown = (record: StoredRecord, io: Io): readonly string[] => {
  const now = io.now()
  return recordLines(viewOf(record, now), now, paintOf({ colours: false }))
}

const answerOf = (result: ActResult, io: Io): Answer => {
  switch (result.kind) {
    case 'done':
      return ended(0, 'Done.', result, io)
    case 'moved':
      return ended(1, 'Nothing was changed: the record has moved since it was looked at. Look again.', result, io)
    case 'declined':
      return { status: 1, json: { kind: 'declined' }, lines: ['Nothing was changed.'] }
    case 'refused':
      return { status: 1, json: result, lines: [`Nothing was changed: ${result.rule}.`] }
  }
}

const ended = (
  status: 0 | 1,
  line: string,
  { kind, record }: Extract<ActResult, { kind: 'done' | 'moved' }>,
  io: Io,
): Answer => {
  if (record === undefined) return { status, json: { kind, record: null }, lines: [line, 'The record is gone.'] }
  const now = io.now()
  const view = viewOf(record, now)
  return { status, json: { kind, record: view }, lines: [line, '', ...recordLines(view, now, paintOf(io))] }
}
