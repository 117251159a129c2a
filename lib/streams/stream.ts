import type { Reading } from '../batch/settings.ts'
import type { Rules } from '../core/option-rules.ts'

/** The records of an event, and which of the two services delivered them. */
export interface StreamBatch<TRecord> {
  readonly records: readonly TRecord[]
  /** By EventBridge Pipes. */
  readonly isPiped: boolean
}

/** What the layer has to know of a kind of stream. */
export interface Stream<TRecord, TMessage, TOptions> {
  readonly rules: Rules
  /** Throws `OptionError` if two options contradict each other. */
  readonly check?: (where: string, options: TOptions) => void
  readonly idOf: (record: TRecord) => string
  /** The shard or partition. */
  readonly groupOf: (record: TRecord) => string
  /** Messages with a chain in common run one at a time; `undefined`: those of a group. */
  readonly chainsOf: (options: TOptions) => ((record: TRecord) => readonly string[]) | undefined
  readonly readingOf: (options: TOptions) => Pick<Reading<TRecord, TMessage>, 'read' | 'keyOf' | 'payloadOf'>
}

/** One chain for each key of a shard. A message without a key is in no order. */
export const chainsByKey =
  <TRecord>(
    groupOf: (record: TRecord) => string,
    keyOf: (record: TRecord) => string | undefined,
  ): ((record: TRecord) => readonly string[]) =>
  (record) => {
    const key = keyOf(record)
    return key === undefined ? [] : [`${groupOf(record)} ${key}`]
  }
