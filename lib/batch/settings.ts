import type { FingerprintPart } from '../core/identity/fingerprint.ts'
import type { TenantChoice } from '../core/identity/tenant.ts'
import type { Deciders } from '../core/lifecycle/reconciliation.ts'
import type { Settings } from '../core/settings.ts'
import type { Millis } from '../core/time.ts'
import type { skip } from './key.ts'
import type { OnError } from './report.ts'
import type { Source } from './source.ts'

/** The part of the checked options that a run needs. */
export interface RunSettings<TRecord> {
  readonly core: Settings
  readonly concurrency: number
  readonly maxRuns: number
  readonly source: Source<TRecord>
  readonly report: OnError<TRecord>
}

/** How a message is read. `TMessage`: what your functions receive. */
export interface Reading<TRecord, TMessage> extends Deciders<TMessage> {
  /** A copy that your functions cannot change. The batch's answer and the dead letter use it. */
  readonly copyOf: (record: TRecord) => TRecord
  readonly read: (record: TRecord) => TMessage | Promise<TMessage>
  /** Throws `IdempotencyError` `key-missing` or `key-invalid`. */
  readonly keyOf: (message: TMessage) => string | typeof skip
  readonly tenant: TenantChoice<TMessage>
  /** What the fingerprint covers. `record` is the layer's copy. */
  readonly payloadOf: (message: TMessage, record: TRecord) => readonly FingerprintPart[]
}

/** The checked options of an entry that takes batches. */
export interface BatchSettings<TRecord, TMessage> extends RunSettings<TRecord>, Reading<TRecord, TMessage> {
  readonly margin: Millis | undefined
}
