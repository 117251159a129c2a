import { causeName, type QueueStep } from '../core/events.ts'
import type { Settings } from '../core/settings.ts'
import { type Millis, millis } from '../core/time.ts'
import type { Deadline } from './deadline.ts'
import type { OnError } from './report.ts'
import { createSender, type Sdk, type SqsClient } from './sender.ts'
import type { DeadLetterReason } from './source.ts'

/** The layer's own attributes of a dead letter: `lambda-once-reason`, and `-record` or `-part`. */
const ATTRIBUTE_PREFIX = 'lambda-once-'

/** Time to return the answer to the event source. */
export const ANSWER_MARGIN: Millis = millis(300)

export interface SqsCalls<TRecord> {
  /** Sends a command, within the time that the invocation has left. */
  send(deadline: Deadline, make: (sdk: Sdk) => object): Promise<unknown>
  /** Returns whether `call` succeeded. Does not throw: a failure becomes an event and a report. */
  attempt(step: QueueStep, record: TRecord, call: () => Promise<unknown>): Promise<boolean>
}

export const createSqsCalls = <TRecord>(
  { runtime, emit, operation }: Settings,
  { client: given, report }: { readonly client: SqsClient | undefined; readonly report: OnError<TRecord> },
): SqsCalls<TRecord> => {
  const call = createSender(runtime, given, 'The options "visibility" and "deadLetter" need')
  return {
    send: ({ left }, make) => call(make, millis(left() - ANSWER_MARGIN)),

    attempt: async (step, record, call) => {
      try {
        await call()
        return true
      } catch (error) {
        emit(() => ({ type: 'queueFailed', operation, step, error: causeName(error) }))
        report(error, record)
        return false
      }
    },
  }
}

/** The attributes that say why a message is in the dead-letter queue. */
export const reasonAttributes = (reason: DeadLetterReason): readonly (readonly [string, SentAttribute])[] =>
  Object.entries(reason).map(([name, StringValue]) => [ATTRIBUTE_PREFIX + name, { DataType: 'String', StringValue }])

export interface SentAttribute {
  readonly DataType: string
  readonly StringValue?: string | undefined
  readonly BinaryValue?: Uint8Array | undefined
}
