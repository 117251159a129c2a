import type { Deadline } from '../batch/deadline.ts'
import type { OnError } from '../batch/report.ts'
import type { SqsClient } from '../batch/sender.ts'
import type { DeadLetterReason, Exits } from '../batch/source.ts'
import { ANSWER_MARGIN, createSqsCalls, reasonAttributes, type SqsCalls } from '../batch/sqs-calls.ts'
import type { MessagePart } from '../core/events.ts'
import type { RecordKey } from '../core/identity/record-key.ts'
import { MAX_INVOCATION_SECONDS } from '../core/limits.ts'
import type { Runtime } from '../core/runtime.ts'
import type { Settings } from '../core/settings.ts'
import { fromSeconds, millis } from '../core/time.ts'

/** A message that can never succeed, as your function receives it. */
export interface DeadLetter<TRecord> {
  readonly messageId: string
  /** The message as Lambda delivered it. */
  readonly record: TRecord
  /** `failed`: its handler threw a `TerminalError`. */
  readonly reason: 'poison' | 'failed' | 'mismatch' | 'unusable'
  /** The key of its record; `undefined` if it is unusable. */
  readonly recordKey: RecordKey | undefined
  /** The part that cannot be used, of an unusable message. */
  readonly part: MessagePart | undefined
}

/** A standard queue, or a function that keeps the message elsewhere. If the function rejects, the message is not skipped. */
export type DeadLetterChoice<TRecord> =
  | { readonly queueUrl: string }
  | ((letter: DeadLetter<TRecord>) => void | Promise<void>)

interface Parts<TRecord> {
  readonly choice: DeadLetterChoice<TRecord> | undefined
  readonly client: SqsClient | undefined
  readonly idOf: (record: TRecord) => string
  readonly report: OnError<TRecord>
}

/** A stream takes no wish for the time of the next delivery. */
export const createExits = <TRecord>(core: Settings, parts: Parts<TRecord>): Exits<TRecord> => {
  const { choice } = parts
  const calls = createSqsCalls(core, parts)
  return {
    delayFor: async () => {},
    hasDeadLetter: () => choice !== undefined,
    sendToDeadLetter: async (record, reason, deadline) => {
      if (choice === undefined) return undefined
      return calls.attempt('deadLetter', record, () =>
        typeof choice === 'function'
          ? inTime(core.runtime, deadline, async () => choice(letterOf(parts, record, reason)))
          : sendLetter(calls, choice.queueUrl, { record, reason, deadline }),
      )
    },
  }
}

/** Within the time that the invocation has left. */
const inTime = (runtime: Runtime, { left }: Deadline, run: () => Promise<void>): Promise<void> =>
  runtime.withDeadline(millis(Math.min(LONGEST_CALL, Math.max(0, left() - ANSWER_MARGIN))), run)

const LONGEST_CALL = fromSeconds(MAX_INVOCATION_SECONDS)

const letterOf = <TRecord>(
  { idOf }: Parts<TRecord>,
  record: TRecord,
  reason: DeadLetterReason,
): DeadLetter<TRecord> => ({
  messageId: idOf(record),
  record,
  reason: reason.reason,
  recordKey: 'record' in reason ? reason.record : undefined,
  part: 'part' in reason ? reason.part : undefined,
})

/** The body is the whole record as JSON, so that whoever reads the queue has what the stream had. */
const sendLetter = <TRecord>(
  calls: SqsCalls<TRecord>,
  QueueUrl: string,
  { record, reason, deadline }: { record: TRecord; reason: DeadLetterReason; deadline: Deadline },
): Promise<unknown> => {
  const MessageBody = JSON.stringify(record)
  const MessageAttributes = Object.fromEntries(reasonAttributes(reason))
  return calls.send(deadline, (sdk) => new sdk.SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }))
}
