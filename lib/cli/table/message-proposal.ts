import { identify } from '../../batch/identity.ts'
import type { Fingerprint } from '../../core/identity/fingerprint.ts'
import type { RecordKey } from '../../core/identity/record-key.ts'
import { isObject } from '../../core/option-rules.ts'
import { memoryStore } from '../../memory/index.ts'
import type { SqsOptions } from '../../sqs/options.ts'
import { recordsOf, type SqsEvent, type SqsRecord } from '../../sqs/record.ts'
import { readSqsSettings } from '../../sqs/settings.ts'
import { UsageError } from '../answer.ts'
import type { ProposeFlags } from '../flags.ts'
import { loadOptions } from './load-options.ts'
import { recordKeyFrom } from './record-key.ts'

/** The record, and the other payload that may use its key. */
export interface Proposal {
  readonly recordKey: RecordKey
  readonly fingerprint: Fingerprint
}

/** An event source mapping delivers batches, and a pipe a list; HTTP events have no `Records`. */
export const isBatch = (event: unknown): event is SqsEvent =>
  Array.isArray(event) || (isObject(event) && Array.isArray(event.Records))

/** What the worker does with the message, under its options. */
export const proposalOfMessage = async (flags: ProposeFlags, event: SqsEvent): Promise<Proposal> => {
  const record = onlyRecord(event)
  const surplus = (['method', 'route'] as const).filter((part) => flags[part] !== undefined)
  if (surplus.length > 0)
    throw new UsageError(`--event is a message; leave out ${surplus.map((part) => `--${part}`).join(', ')}`)
  const { own, hasKey, hasScope } = await workerOf(flags)
  const identified = await identify(readSqsSettings('the options of --config', own), record, undefined)
  if (identified.kind === 'unusable') throw new UsageError(`--event: ${identified.error.message}`)
  if (identified.kind === 'skipped')
    throw new UsageError('--event: the option `key` skips this message, so it has no record')
  const { recordKey, fingerprint } = identified.claimRequest
  if (flags.record === undefined && flags.key === undefined && hasKey && hasScope) return { recordKey, fingerprint }
  const given = recordKeyFrom(flags)
  if (hasKey && hasScope && recordKey !== given)
    throw new UsageError(`--event is a message of the record ${recordKey}, and your flags name ${given}`)
  return { recordKey: given, fingerprint }
}

const onlyRecord = (event: SqsEvent): SqsRecord => {
  const records = recordsOf(event)
  const [record] = records
  if (record !== undefined && records.length === 1) return record
  throw new UsageError(`--event has ${records.length} messages; it must have one`)
}

/** Without the option `key` only the fingerprint counts, which depends on no key. The queue is not called. */
const workerOf = async ({ config, operation, tenant }: ProposeFlags) => {
  const { sqs: _, visibility: __, deadLetter: ___, ...loaded } = await optionsIn(config)
  const own = {
    ...loaded,
    key: loaded.key ?? 'messageId',
    operation: operation ?? loaded.operation ?? 'unknown',
    tenant: tenant === undefined ? (loaded.tenant ?? 'single-tenant') : () => tenant,
    store: memoryStore(),
  } as unknown as SqsOptions<unknown>
  const hasScope = (operation ?? loaded.operation) !== undefined && (tenant ?? loaded.tenant) !== undefined
  return { own, hasKey: loaded.key !== undefined, hasScope }
}

const optionsIn = async (config: string | undefined): Promise<Record<string, unknown>> =>
  config === undefined ? {} : loadOptions(config)
