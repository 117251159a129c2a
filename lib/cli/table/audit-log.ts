import type { StoredRecord } from '../../core/record/record.ts'
import { auditOf } from '../../operator/index.ts'
import { RemoteError, UsageError } from '../answer.ts'
import type { WriteFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { configFor, tableNameFrom } from './open-table.ts'
import { iso } from './record-view.ts'

/** A log group of CloudWatch Logs that gets one line for each act. */
export interface AuditLog {
  /** Called once the act is written. Throws if the line is not. */
  add(record: StoredRecord): Promise<void>
}

/**
 * Makes the log stream first, so that a group that is missing or denied is reported before anything is written. `undefined`
 * without `--audit-log`.
 */
export const openAuditLog = async (flags: WriteFlags, io: Io): Promise<AuditLog | undefined> => {
  const { auditLog: group } = flags
  if (group === undefined) return undefined
  if (!GROUP.test(group))
    throw new UsageError('--audit-log must be the name of a log group: 1 to 512 characters of A-Z a-z 0-9 _ - / . #')
  const { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand } = await import(
    '@aws-sdk/client-cloudwatch-logs'
  )
  const client = new CloudWatchLogsClient(configFor(flags))
  const stream = { logGroupName: group, logStreamName: `lambda-once/${iso(io.now()).slice(0, 'yyyy-mm-dd'.length)}` }
  try {
    await client.send(new CreateLogStreamCommand(stream))
  } catch (error) {
    const { name, message } = error as Error
    if (name !== 'ResourceAlreadyExistsException')
      throw new RemoteError(`nothing was changed: the log group ${group} cannot be written (${name}: ${message})`)
  }
  return {
    add: async (record) => {
      const event = { timestamp: io.now(), message: JSON.stringify(lineOf(tableNameFrom(flags), record)) }
      const problem = await problemOf(client.send(new PutLogEventsCommand({ ...stream, logEvents: [event] })))
      if (problem === undefined) return
      throw new RemoteError(
        `the act is written, and its line is not in the log group ${group} (${problem}); the record's audit trail has it`,
        'not-logged',
      )
    },
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html, logGroupName. */
const GROUP = /^[A-Za-z0-9_\-/.#]{1,512}$/

/** CloudWatch Logs may accept a call and reject the line in it, for example because this computer's clock is wrong. */
const problemOf = async (put: Promise<{ readonly rejectedLogEventsInfo?: unknown }>): Promise<string | undefined> => {
  try {
    const { rejectedLogEventsInfo: rejected } = await put
    return rejected === undefined ? undefined : `CloudWatch Logs rejected it: ${JSON.stringify(rejected)}`
  } catch (error) {
    const { name, message } = error as Error
    return `${name}: ${message}`
  }
}

/** The newest entry of the audit trail, and the record that it is about. */
const lineOf = (table: string, record: StoredRecord) => {
  const entry = auditOf(record).at(-1)
  const { recordKey, status, attempt, generation, revision } = record
  return {
    type: 'operated',
    ...entry,
    ...(entry === undefined ? {} : { at: iso(entry.at) }),
    table,
    recordKey,
    status,
    attempt,
    generation,
    revision,
  }
}
