import { createReport } from '../batch/report.ts'
import { BATCH_RULES, refuseRunsUnderHold } from '../batch/rules.ts'
import type { BatchSettings } from '../batch/settings.ts'
import { DEFAULT_CONCURRENCY, DEFAULT_MAX_RUNS, DEFAULT_STREAM_RETENTION_SECONDS } from '../core/limits.ts'
import { checkOptions, OptionError, onlyMember, type Rule, type Rules } from '../core/option-rules.ts'
import { readSettings } from '../core/options.ts'
import { fromSeconds } from '../core/time.ts'
import { createExits } from './dead-letter.ts'
import type { StreamOptions } from './options.ts'
import type { Stream } from './stream.ts'

const aDeadLetter: Rule = (value) => {
  if (typeof value === 'function') return undefined
  const queueUrl = onlyMember(value, 'queueUrl')
  return typeof queueUrl === 'string' && /^https?:\/\/[^\s/]+\/.+(?<!\.fifo)$/.test(queueUrl)
    ? undefined
    : 'must be a function, or { queueUrl }, an http(s) URL of a standard queue'
}

export const STREAM_RULES: Rules = { ...BATCH_RULES, deadLetter: { rule: aDeadLetter } }

/** A function, or the one word that names the position in the stream. */
export const aKeyOr =
  (position: string): Rule =>
  (value) =>
    typeof value === 'function' || value === position ? undefined : `must be a function, or "${position}"`

/** Throws {@link OptionError}. */
export const readStreamSettings = <TRecord, TMessage, TOptions extends StreamOptions<TRecord, TMessage>>(
  where: string,
  options: TOptions,
  stream: Stream<TRecord, TMessage, TOptions>,
): BatchSettings<TRecord, TMessage> => {
  checkOptions(where, options, stream.rules)
  const { tenant, abandoned, predecessor, deadLetter, sqs, marginSeconds } = options
  refuseRunsUnderHold(where, options)
  if (sqs !== undefined && (deadLetter === undefined || typeof deadLetter === 'function')) {
    throw new OptionError(where, 'sqs', 'is of no use without deadLetter: { queueUrl }')
  }
  stream.check?.(where, options)
  const { concurrency = DEFAULT_CONCURRENCY, maxRuns = DEFAULT_MAX_RUNS } = options
  const { idOf, groupOf } = stream
  const core = readSettings(where, options, DEFAULT_STREAM_RETENTION_SECONDS)
  const report = createReport(idOf, options.onError)
  const exits = createExits(core, { choice: deadLetter, client: sqs, idOf, report })
  return {
    ...stream.readingOf(options),
    copyOf: (record) => structuredClone(record),
    tenant,
    abandoned,
    predecessor,
    core,
    concurrency,
    maxRuns,
    margin: marginSeconds === undefined ? undefined : fromSeconds(marginSeconds),
    source: { ...exits, idOf, groupOf, chainsOf: stream.chainsOf(options), deliveryOf: () => 0 },
    report,
  }
}

/** Throws {@link OptionError}: under `'shard'`, which is the default, more than one message never runs at once. */
export const refuseConcurrency = (
  where: string,
  { order = 'shard', concurrency }: { readonly order?: string | undefined; readonly concurrency?: number | undefined },
): void => {
  if (order !== 'shard' || concurrency === undefined) return
  throw new OptionError(where, 'concurrency', 'is of no use under order: "shard", where one message runs at a time')
}
