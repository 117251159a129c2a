import { aParse } from '../batch/parse.ts'
import { createReport } from '../batch/report.ts'
import { BATCH_RULES, refuseRunsUnderHold } from '../batch/rules.ts'
import type { BatchSettings } from '../batch/settings.ts'
import { DEFAULT_CONCURRENCY, DEFAULT_MAX_RUNS, DEFAULT_SQS_RETENTION_SECONDS } from '../core/limits.ts'
import { checkOptions, OptionError, oneOf, onlyMember, type Rule, type Rules } from '../core/option-rules.ts'
import { readSettings } from '../core/options.ts'
import { fromSeconds } from '../core/time.ts'
import type { SqsOptions } from './options.ts'
import { createQueue } from './queue.ts'
import { readingOf } from './reading.ts'
import { groupOf, idOf, receiveCountOf, type SqsMessage, type SqsRecord } from './record.ts'

/** {@link SqsOptions}, checked, with defaults. */
export type SqsSettings<TBody> = BatchSettings<SqsRecord, SqsMessage<TBody>>

const aKey: Rule = (value) => {
  if (typeof value === 'function' || value === 'messageId' || value === 'deduplicationId') return undefined
  return isText(onlyMember(value, 'attribute'))
    ? undefined
    : 'must be a function of the body, { attribute: name }, "deduplicationId" or "messageId"'
}

const aDeadLetter: Rule = (value) => {
  const queueUrl = onlyMember(value, 'queueUrl')
  return isText(queueUrl) && /^https?:\/\/[^\s/]+\/.+$/.test(queueUrl)
    ? undefined
    : 'must be { queueUrl }, an http(s) URL'
}

const SQS_RULES: Rules = {
  ...BATCH_RULES,
  key: { required: true, rule: aKey },
  parse: { rule: aParse },
  visibility: { rule: oneOf('leave', 'move') },
  deadLetter: { rule: aDeadLetter },
}

export const readSqsSettings = <TBody>(
  where: string,
  options: SqsOptions<TBody>,
  more: Rules = {},
): SqsSettings<TBody> => {
  checkOptions(where, options, { ...SQS_RULES, ...more })
  const { visibility = 'leave', deadLetter, sqs, marginSeconds } = options
  if (sqs !== undefined && visibility === 'leave' && deadLetter === undefined) {
    throw new OptionError(where, 'sqs', 'is of no use without visibility: "move" or deadLetter')
  }
  refuseRunsUnderHold(where, options)
  const { concurrency = DEFAULT_CONCURRENCY, maxRuns = DEFAULT_MAX_RUNS } = options
  const core = readSettings(where, options, DEFAULT_SQS_RETENTION_SECONDS)
  const report = createReport(idOf, options.onError)
  const deadLetterUrl = deadLetter?.queueUrl
  const exits = createQueue(core, { moves: visibility === 'move', deadLetterUrl, client: sqs, report })
  return {
    ...readingOf(options),
    core,
    concurrency,
    maxRuns,
    margin: marginSeconds === undefined ? undefined : fromSeconds(marginSeconds),
    source: { ...exits, idOf, groupOf, deliveryOf: receiveCountOf },
    report,
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
