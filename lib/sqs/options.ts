import { aTenant, type TenantChoice } from '../core/identity/tenant.ts'
import {
  aFunction,
  checkOptions,
  integerBetween,
  OptionError,
  oneOf,
  onlyMember,
  type Rule,
  type Rules,
} from '../core/option-rules.ts'
import { COMMON_RULES, type CommonOptions, readSettings } from '../core/options.ts'
import type { Settings } from '../core/settings.ts'
import { fromSeconds, type Millis } from '../core/time.ts'
import type { KeyChoice } from './key.ts'
import type { SqsMessage } from './message.ts'
import { isSchema, type Parse } from './parse.ts'
import { createQueue, type Queue, type SqsClient } from './queue.ts'
import { logError, type OnError } from './report.ts'

export interface SqsOptions<TBody> extends CommonOptions {
  /**
   * Whose key it is. A function of the message, which may be asynchronous, or the literal `'single-tenant'`. A message for
   * which it answers nothing fails alone.
   */
  readonly tenant: TenantChoice<SqsMessage<TBody>>
  /**
   * Where the key comes from. A function of the body is the choice that survives a redrive and a producer's re-send;
   * see {@link KeyChoice}. A message without a key fails alone; one for which it answers `skip` is acknowledged.
   */
  readonly key: KeyChoice<TBody>
  /**
   * What makes the body of its text: a function, or any Standard Schema validator, which gets the body's JSON. Default
   * `JSON.parse`. A body that does not parse fails alone, and is never claimed.
   */
  readonly parse?: Parse<TBody> | undefined
  /**
   * What the fingerprint covers: any JSON value. Default: the text of the body, in which order and white space of JSON
   * do not count. It is what the producer sent, so that a new version of your parser makes no mismatch of an old message.
   * What EventBridge and SNS add to each publication does not count. Of a pointer to S3 (extended client) the result of
   * `parse` counts. Set it where your producer adds an id or a time to each send.
   */
  readonly payload?: ((message: SqsMessage<TBody>) => unknown) | undefined
  /** How many messages run at once, 1 to 100; default 10. On a FIFO queue one at a time per message group. */
  readonly concurrency?: number | undefined
  /**
   * How often a message may run and end in doubt (a throw, a crash, a timeout) before it is poison: claimed, not run,
   * completed as `FAILED`. 1 to 999, default 3. Keep it under the queue's `maxReceiveCount`. Once a run has ended in
   * doubt, a delivery that claims the message and finds no time to run it counts too: its record cannot tell the two
   * apart. Not together with `abandoned: 'hold'`.
   */
  readonly maxRuns?: number | undefined
  /**
   * No message is started when less than this is left of the invocation, in seconds, 0 to 900. It has to hold one run,
   * and to be less than the function's timeout: an invocation that begins with less throws, by default too.
   * Default: a third of what the invocation began with, at least 0.5 and at most 5.
   */
  readonly marginSeconds?: number | undefined
  /**
   * `'move'`: a message that is in progress elsewhere becomes visible when its retry is worth while, and all messages
   * wait longer while the store is down. Needs `@aws-sdk/client-sqs`, and leave to call `sqs:GetQueueUrl` and
   * `sqs:ChangeMessageVisibility`. Default `'leave'`: the queue's own visibility timeout decides.
   */
  readonly visibility?: 'leave' | 'move' | undefined
  /**
   * FIFO queues only: where a message goes that can never succeed, instead of being returned, since that would hold up
   * its followers. Its reason is the message attribute `lambda-once-reason`, unless the message has ten of its own:
   * `poison`, `failed`, `mismatch` or `unusable`. Needs `@aws-sdk/client-sqs`, and leave to call `sqs:SendMessage`.
   */
  readonly deadLetter?: { readonly queueUrl: string } | undefined
  /** An `SQSClient` of your own, for `visibility` and `deadLetter`. Default: made from `@aws-sdk/client-sqs` on demand. */
  readonly sqs?: SqsClient | undefined
  /**
   * Gets what the handler threw, an `UnusableMessageError` for a message that could not be claimed, an `IdempotencyError` that
   * names the record for one that is held or came with another payload, and what SQS refused: the event source gets
   * message ids only. Default: `console.error`, without what could quote a body.
   */
  readonly onError?: OnError | undefined
}

/** {@link SqsOptions}, checked, with defaults. */
export interface SqsSettings<TBody> {
  readonly core: Settings
  readonly tenant: SqsOptions<TBody>['tenant']
  readonly key: KeyChoice<TBody>
  readonly parse: Parse<TBody> | undefined
  readonly payload: SqsOptions<TBody>['payload']
  readonly concurrency: number
  readonly maxRuns: number
  readonly margin: Millis | undefined
  readonly queue: Queue
  readonly onError: OnError
}

/** 14 days, the longest that SQS keeps a message, and one: its last redelivery still finds the record. */
const DEFAULT_RETENTION_SECONDS = 1_296_000

/** As many as the event source mapping hands over by default, so that a usual batch takes as long as its slowest. */
const DEFAULT_CONCURRENCY = 10

/** Each claims by a request of its own: far beyond the client's 50 connections they would time out waiting for one. */
const MAX_CONCURRENCY = 100

/**
 * As often as Lambda itself tries an asynchronous event: enough for a passing fault, and less than the five receives
 * that AWS advises before the dead-letter queue, so that the reason is on record by then.
 */
const DEFAULT_MAX_RUNS = 3

/** SQS allows a `maxReceiveCount` of 1,000, and poison has to be found before it. */
const MAX_MAX_RUNS = 999

const aKey: Rule = (value) => {
  if (typeof value === 'function' || value === 'messageId' || value === 'deduplicationId') return undefined
  return isText(onlyMember(value, 'attribute'))
    ? undefined
    : 'must be a function of the body, { attribute: name }, "deduplicationId" or "messageId"'
}

const aParse: Rule = (value) =>
  typeof value === 'function' || isSchema(value) ? undefined : 'must be a function or a Standard Schema validator'

const aDeadLetter: Rule = (value) => {
  const queueUrl = onlyMember(value, 'queueUrl')
  return isText(queueUrl) && /^https?:\/\/[^\s/]+\/.+$/.test(queueUrl)
    ? undefined
    : 'must be { queueUrl }, an http(s) URL'
}

const aClient: Rule = (value) =>
  typeof value === 'object' && value !== null && typeof (value as { send?: unknown }).send === 'function'
    ? undefined
    : 'must be an SQSClient'

const SQS_RULES: Rules = {
  ...COMMON_RULES,
  tenant: { required: true, rule: aTenant('message') },
  key: { required: true, rule: aKey },
  parse: { rule: aParse },
  payload: { rule: aFunction },
  concurrency: { rule: integerBetween(1, MAX_CONCURRENCY) },
  maxRuns: { rule: integerBetween(1, MAX_MAX_RUNS) },
  marginSeconds: { rule: integerBetween(0, 900) },
  visibility: { rule: oneOf('leave', 'move') },
  deadLetter: { rule: aDeadLetter },
  sqs: { rule: aClient },
  onError: { rule: aFunction },
}

export const readSqsSettings = <TBody>(where: string, options: SqsOptions<TBody>): SqsSettings<TBody> => {
  checkOptions(where, options, SQS_RULES)
  const { visibility = 'leave', deadLetter, sqs, marginSeconds } = options
  if (sqs !== undefined && visibility === 'leave' && deadLetter === undefined) {
    throw new OptionError(where, 'sqs', 'is of no use without visibility: "move" or deadLetter')
  }
  if (options.abandoned === 'hold' && options.maxRuns !== undefined) {
    throw new OptionError(
      where,
      'maxRuns',
      'is of no use under abandoned: "hold", where a run in doubt is never repeated',
    )
  }
  const core = readSettings(where, options, DEFAULT_RETENTION_SECONDS)
  const onError = options.onError ?? logError
  const moves = visibility === 'move'
  return {
    core,
    tenant: options.tenant,
    key: options.key,
    parse: options.parse,
    payload: options.payload,
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    maxRuns: options.maxRuns ?? DEFAULT_MAX_RUNS,
    margin: marginSeconds === undefined ? undefined : fromSeconds(marginSeconds),
    queue: createQueue(core, { moves, deadLetterUrl: deadLetter?.queueUrl, client: sqs, onError }),
    onError,
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
