import type { Parse as BodyParse } from '../batch/parse.ts'
import type { OnError } from '../batch/report.ts'
import type { SqsClient } from '../batch/sender.ts'
import type { TenantChoice } from '../core/identity/tenant.ts'
import type { CommonOptions } from '../core/options.ts'
import type { KeyChoice } from './key.ts'
import type { SqsMessage, SqsRecord } from './record.ts'

/** A function of the body's text, or a validator of the body's JSON. Either may be asynchronous. */
export type Parse<TBody> = BodyParse<TBody, SqsRecord>

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
  readonly onError?: OnError<SqsRecord> | undefined
}
