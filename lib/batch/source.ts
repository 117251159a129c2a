import type { MessagePart } from '../core/events.ts'
import type { RecordKey } from '../core/identity/record-key.ts'
import type { Deadline } from './deadline.ts'

/** Why a message goes to the dead-letter queue. */
export type DeadLetterReason =
  | { readonly reason: 'poison' | 'failed' | 'mismatch'; readonly record: RecordKey }
  /** It has no record, because `part` cannot be used. */
  | { readonly reason: 'unusable'; readonly part: MessagePart }

/**
 * What the layer can do with a message besides acknowledging it. No call throws: a failure becomes an event and a
 * report. No call takes longer than the invocation has left, because a late answer delivers the whole batch again.
 */
export interface Exits<TRecord> {
  /** Asks for the next delivery in `seconds`. Does nothing if the source takes no such wish. */
  delayFor(record: TRecord, seconds: number, deadline: Deadline): Promise<void>
  /** Whether `sendToDeadLetter` sends this message. */
  hasDeadLetter(record: TRecord): boolean
  /** Returns whether the send succeeded; `undefined` if the message has no dead-letter queue. */
  sendToDeadLetter(record: TRecord, reason: DeadLetterReason, deadline: Deadline): Promise<boolean | undefined>
}

/** What the layer asks about a message as Lambda delivered it. */
export interface Source<TRecord> extends Exits<TRecord> {
  /** The id of the message in events, errors and logs. */
  idOf(record: TRecord): string
  /** The order that the message is part of: after a failure no later message of the group starts. */
  groupOf(record: TRecord): string | undefined
  /** Messages with a chain in common run one at a time, in order. By default the group is the chain. */
  chainsOf?: ((record: TRecord) => readonly string[]) | undefined
  /** The number of this delivery of the message, from 1; 0 if the source does not count. */
  deliveryOf(record: TRecord): number
}
