import type { OnError } from '../batch/report.ts'
import type { SqsClient } from '../batch/sender.ts'
import type { TenantChoice } from '../core/identity/tenant.ts'
import type { CommonOptions } from '../core/options.ts'
import type { DeadLetterChoice } from './dead-letter.ts'

/** The options that the handlers of all streams share, besides the common ones. */
export interface StreamOptions<TRecord, TMessage> extends CommonOptions<TMessage> {
  /**
   * Whose key it is: a function of the message, which may be asynchronous, or the literal `'single-tenant'`.
   *
   * @example
   * tenant: ({ data }) => data.merchantId
   */
  readonly tenant: TenantChoice<TMessage>
  /**
   * What the fingerprint covers: a function of the message that returns any JSON value. Set it if your `key` is a function
   * and your producer adds an id or a time to each send.
   *
   * @default what the producer wrote, without regard to the order and white space of JSON
   */
  readonly payload?: ((message: TMessage) => unknown) | undefined
  /**
   * How long a record is kept after its run, in seconds, 1,501 to 3,153,600,000. It must be longer than the stream keeps a
   * message, or than the mapping's `MaximumRecordAgeInSeconds`: a redelivery must find the record.
   *
   * @default 1_296_000 (15 days)
   */
  readonly retentionSeconds?: number | undefined
  /**
   * How many messages run at once, 1 to 100, as far as `order` allows.
   *
   * @default 10
   */
  readonly concurrency?: number | undefined
  /**
   * How many runs of a message may end in doubt (a throw, a crash, a timeout), 1 to 999. After that the message is
   * poison: it is claimed, not run, and completed as `FAILED`. Not allowed with `abandoned: 'hold'`.
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
   * Where the layer puts a message that can never succeed, before it skips it: a standard queue, or your function.
   * Without it such a message is reported as failed, and holds up its shard until Lambda gives it up.
   *
   * The body of the message in the queue is the record as JSON, and its attribute `lambda-once-reason` says why: `poison`,
   * `failed`, `mismatch` or `unusable`. Requires `@aws-sdk/client-sqs`, and permission for `sqs:SendMessage`.
   *
   * @example
   * deadLetter: async ({ messageId, record }) => save(messageId, JSON.stringify(record))
   */
  readonly deadLetter?: DeadLetterChoice<TRecord> | undefined
  /**
   * Your own `SQSClient`, for `deadLetter: { queueUrl }`.
   *
   * @default a client that the layer makes from `@aws-sdk/client-sqs` when it first needs one
   */
  readonly sqs?: SqsClient | undefined
  /**
   * Receives each error and its record, because the event source gets identifiers only: what your handler threw, what
   * failed in `deadLetter`, the error of a misconfigured store, an `UnusableMessageError` for a message that could not be
   * claimed, and an `IdempotencyError` that names the record if the record is held, has another payload, or a step stopped
   * the handler.
   *
   * @default console.error, without anything that could quote a message
   */
  readonly onError?: OnError<TRecord> | undefined
}
