import { aTenant, type TenantChoice } from '../core/identity/tenant.ts'
import {
  DEFAULT_CONCURRENCY,
  DEFAULT_MAX_RUNS,
  DEFAULT_SQS_RETENTION_SECONDS,
  MAX_CONCURRENCY,
  MAX_MARGIN_SECONDS,
  MAX_MAX_RUNS,
} from '../core/limits.ts'
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
import { aParse, type Parse } from './parse.ts'
import { createQueue, type Queue } from './queue.ts'
import type { SqsMessage } from './record.ts'
import { createReport, type OnError } from './report.ts'
import { aClient, aQueueUrl, type SqsClient } from './sender.ts'

/** The options of `sqsHandler`, besides the common ones. */
export interface SqsOptions<TBody> extends CommonOptions<SqsMessage<TBody>> {
  /**
   * Whose key it is: a function of the message, which may be asynchronous, or the literal `'single-tenant'`. A message
   * for which the function returns nothing fails alone (`scope-missing`).
   *
   * @example
   * tenant: ({ body }) => body.merchantId
   */
  readonly tenant: TenantChoice<SqsMessage<TBody>>
  /**
   * Where the key comes from. A function of the body survives a redrive and a second send by the producer; the table at
   * {@link KeyChoice} compares the choices. A message without a key fails alone (`key-missing`, `key-invalid`). A
   * message for which the function returns `skip` is acknowledged without a run.
   *
   * @example
   * key: (order) => order.orderId
   */
  readonly key: KeyChoice<TBody>
  /**
   * Makes the body from its text: a function of the text, or a Standard Schema validator of the text's JSON (Zod,
   * Valibot, ArkType). Either may be asynchronous. A message whose body cannot be parsed fails alone, without a claim.
   *
   * @default JSON.parse
   */
  readonly parse?: Parse<TBody> | undefined
  /**
   * How long a record is kept after its run, in seconds, 1,501 to 3,153,600,000. It must be longer than the queue keeps a
   * message: a redelivery must find the record.
   *
   * @default 1_296_000 (15 days)
   */
  readonly retentionSeconds?: number | undefined
  /**
   * What the fingerprint covers: a function of the message that returns any JSON value. Set it if your producer adds an
   * id or a time to each send.
   *
   * The default is the text of the body, without regard to the order and white space of JSON. It is the text that the
   * producer sent, so a new parser version does not turn an old message into a mismatch. The members that EventBridge
   * and SNS add to each publication do not count. If the body is a pointer to S3 (extended client), the result of `parse`
   * counts.
   *
   * @example
   * payload: ({ body }) => body.order // not body.sentAt
   */
  readonly payload?: ((message: SqsMessage<TBody>) => unknown) | undefined
  /**
   * How many messages run at once, 1 to 100. On a FIFO queue the messages of one group run one at a time.
   *
   * @default 10
   */
  readonly concurrency?: number | undefined
  /**
   * How many runs of a message may end in doubt (a throw, a crash, a timeout), 1 to 999. After that the message is
   * poison: it is claimed, not run, and completed as `FAILED`. Keep the number below the queue's `maxReceiveCount`.
   *
   * Once a run has ended in doubt, a delivery that claims the message and has no time left to run it counts too: the
   * record cannot tell the two apart. Not allowed with `abandoned: 'hold'`.
   *
   * @default 3
   */
  readonly maxRuns?: number | undefined
  /**
   * No message starts with less than this left of the invocation, in seconds, 0 to 900. It must be enough for one run,
   * and less than the function's timeout. An invocation that begins with less throws, also under the default.
   *
   * @default a third of the time with which the invocation began, at least 0.5 and at most 5
   */
  readonly marginSeconds?: number | undefined
  /**
   * `'leave'`: the queue's visibility timeout decides when a returned message is delivered again. `'move'`: a message that
   * is in progress elsewhere becomes visible when a retry can succeed, and while the store is down all messages wait
   * longer. `'move'` requires `@aws-sdk/client-sqs`, and permission for `sqs:GetQueueUrl` and
   * `sqs:ChangeMessageVisibility`.
   *
   * @default 'leave'
   */
  readonly visibility?: 'leave' | 'move' | undefined
  /**
   * FIFO queues only: the dead-letter queue to which the layer sends a message that can never succeed. Without it such a
   * message is returned, and the other messages of its group wait until `maxReceiveCount` is reached.
   *
   * The message attribute `lambda-once-reason` says why: `poison`, `failed`, `mismatch` or `unusable`. It is left out if the
   * message already has ten attributes. Requires `@aws-sdk/client-sqs`, and permission for `sqs:SendMessage`.
   */
  readonly deadLetter?: { readonly queueUrl: string } | undefined
  /**
   * Your own `SQSClient`, for `visibility` and `deadLetter`.
   *
   * @default a client that the layer makes from `@aws-sdk/client-sqs` when it first needs one
   */
  readonly sqs?: SqsClient | undefined
  /**
   * Receives each error and its message, because the event source gets message ids only: what your handler threw, the
   * error of a call to SQS or of a misconfigured store, an `UnusableMessageError` for a message that could not be
   * claimed, and an `IdempotencyError` that names the record if the record is held, has another payload, or a step stopped
   * the handler.
   *
   * @default console.error, without anything that could quote a body
   */
  readonly onError?: OnError | undefined
}

/** The part of the checked options that a run needs. */
export interface RunSettings {
  readonly core: Settings
  readonly concurrency: number
  readonly maxRuns: number
  readonly queue: Queue
  readonly report: OnError
}

/** {@link SqsOptions}, checked, with defaults. */
export interface SqsSettings<TBody>
  extends RunSettings,
    Pick<SqsOptions<TBody>, 'abandoned' | 'tenant' | 'key' | 'parse' | 'payload'> {
  readonly margin: Millis | undefined
}

const aKey: Rule = (value) => {
  if (typeof value === 'function' || value === 'messageId' || value === 'deduplicationId') return undefined
  return isText(onlyMember(value, 'attribute'))
    ? undefined
    : 'must be a function of the body, { attribute: name }, "deduplicationId" or "messageId"'
}

const aDeadLetter: Rule = (value) =>
  aQueueUrl(onlyMember(value, 'queueUrl')) === undefined ? undefined : 'must be { queueUrl }, an http(s) URL'

const SQS_RULES: Rules = {
  ...COMMON_RULES,
  tenant: { required: true, rule: aTenant('message') },
  key: { required: true, rule: aKey },
  parse: { rule: aParse },
  payload: { rule: aFunction },
  concurrency: { rule: integerBetween(1, MAX_CONCURRENCY) },
  maxRuns: { rule: integerBetween(1, MAX_MAX_RUNS) },
  marginSeconds: { rule: integerBetween(0, MAX_MARGIN_SECONDS) },
  visibility: { rule: oneOf('leave', 'move') },
  deadLetter: { rule: aDeadLetter },
  sqs: { rule: aClient },
  onError: { rule: aFunction },
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
  if (options.abandoned === 'hold' && options.maxRuns !== undefined) {
    throw new OptionError(
      where,
      'maxRuns',
      'is of no use under abandoned: "hold", where a run in doubt is never repeated',
    )
  }
  const { tenant, key, parse, payload, concurrency = DEFAULT_CONCURRENCY, maxRuns = DEFAULT_MAX_RUNS } = options
  const core = readSettings(where, options, DEFAULT_SQS_RETENTION_SECONDS)
  const report = createReport(options.onError)
  return {
    core,
    abandoned: options.abandoned,
    tenant,
    key,
    parse,
    payload,
    concurrency,
    maxRuns,
    margin: marginSeconds === undefined ? undefined : fromSeconds(marginSeconds),
    queue: createQueue(core, {
      moves: visibility === 'move',
      deadLetterUrl: deadLetter?.queueUrl,
      client: sqs,
      report,
    }),
    report,
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
