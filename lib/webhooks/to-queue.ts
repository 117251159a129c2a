import { digest } from '../core/identity/digest.ts'
import { scopeText } from '../core/identity/tenant.ts'
import { type TimedContext, timesOf } from '../core/lifecycle/request.ts'
import { aFunction, checkOptions, OptionError, type Rules } from '../core/option-rules.ts'
import { aClock } from '../core/options.ts'
import { type Runtime, systemRuntime } from '../core/runtime.ts'
import { between, fromSeconds, type Millis, millis } from '../core/time.ts'
import { inForm } from '../http/answer-form.ts'
import { aUrl } from '../http/options.ts'
import type { HttpResponse } from '../http/response.ts'
import { isFifo } from '../sqs/record.ts'
import { aClient, aQueueUrl, createSender, type SqsClient } from '../sqs/sender.ts'
import { ADMISSION_RULES, type AdmissionOptions, readAdmission } from './admission-options.ts'
import { admit } from './admit.ts'
import { receive, type WebhookDelivery } from './delivery.ts'
import { messageOf } from './queued.ts'
import { recipientOf, turnAway } from './turn-away.ts'

/** The options of `webhookToQueue`. */
export interface WebhookToQueueOptions<TEvent> extends AdmissionOptions<TEvent> {
  /** The queue that gets the verified events. Needs permission for `sqs:SendMessage`. */
  readonly queueUrl: string
  /**
   * FIFO queues only: events of one group are handled one after another, in the order in which they were put on the
   * queue. A function of the delivery that answers a text.
   *
   * @default each event is a group of its own
   * @example
   * group: ({ event }) => event.data.object.id
   */
  readonly group?: ((delivery: WebhookDelivery<TEvent>) => string) | undefined
  /**
   * Your own `SQSClient`.
   * @default a client that the layer makes from `@aws-sdk/client-sqs` when it first needs one
   */
  readonly sqs?: SqsClient | undefined
  /**
   * Clock and timers, for tests.
   * @default the system's
   */
  readonly runtime?: Runtime | undefined
}

const WHERE = 'webhookToQueue(options)'

const RULES: Rules = {
  ...ADMISSION_RULES,
  docsUrl: { rule: aUrl },
  problem: { rule: aFunction },
  queueUrl: { required: true, rule: aQueueUrl },
  group: { rule: aFunction },
  sqs: { rule: aClient },
  runtime: { rule: aClock },
}

/** Time to return the answer. */
const ANSWER_MARGIN = millis(300)

/** As long as a send may take if nothing says when the invocation ends. */
const LONGEST_SEND = fromSeconds(2)

/**
 * Puts each verified event on an SQS queue and answers 202, so that the sender need not wait for your handler. The
 * consumer is an `sqsHandler` with the options of `queuedWebhook()`.
 *
 * It keeps no record: a delivery that comes again is put on the queue again, and the consumer's record of the event runs
 * it once. If SQS does not take an event, the invocation fails, and the sender delivers it again.
 *
 * Throws `OptionError` at once for options that cannot be right.
 *
 * @example
 * export const handler = webhookToQueue({
 *   queueUrl: process.env.QUEUE_URL,
 *   tenant: 'single-tenant',
 *   provider: stripe,
 *   secrets: [process.env.STRIPE_WEBHOOK_SECRET],
 * })
 */
export const webhookToQueue = <TEvent = unknown, TContext extends TimedContext = TimedContext>(
  options: WebhookToQueueOptions<TEvent>,
): ((event: unknown, context: TContext) => Promise<HttpResponse>) => {
  checkOptions(WHERE, options, RULES)
  const { queueUrl, group, sqs, provider, runtime = systemRuntime } = options
  if (group !== undefined && !isFifo(queueUrl)) {
    throw new OptionError(
      WHERE,
      'group',
      'is a function; it must be absent for a queue whose name does not end in .fifo',
    )
  }
  const settings = readAdmission(WHERE, options)
  const send = createSender(runtime, sqs, 'webhookToQueue needs')
  return async (event, context) => {
    const { request, delivery } = receive(event)
    const recipient = recipientOf(request)
    const admission = await admit(settings, delivery, runtime.now())
    if (admission.kind !== 'admitted') {
      return (await turnAway(settings, delivery, recipient, admission)) as HttpResponse
    }
    const { delivery: admitted, tenant } = admission
    const message = {
      QueueUrl: queueUrl,
      MessageBody: messageOf(admitted, tenant, provider.keptHeaders ?? []),
      ...(isFifo(queueUrl) && inOrder(admitted, tenant, group)),
    }
    await send((sdk) => new sdk.SendMessageCommand(message), leftOf(context, runtime))
    return inForm({ statusCode: 202, body: '' }, {}, recipient) as unknown as HttpResponse
  }
}

/** SQS drops a second message with the same id within five minutes. Digests have the length and characters it takes. */
const inOrder = <TEvent>(
  delivery: WebhookDelivery<TEvent>,
  tenant: string,
  group: WebhookToQueueOptions<TEvent>['group'],
) => {
  const MessageDeduplicationId = digest('lambda-once/webhook-event/1', [tenant, delivery.id])
  const groupText = group === undefined ? undefined : scopeText('group', group(delivery))
  const MessageGroupId =
    groupText === undefined ? MessageDeduplicationId : digest('lambda-once/webhook-group/1', [tenant, groupText])
  return { MessageDeduplicationId, MessageGroupId }
}

const leftOf = (context: TimedContext, runtime: Runtime): Millis => {
  const { now, deadline } = timesOf(context, runtime)
  return deadline === undefined ? LONGEST_SEND : millis(between(now(), deadline) - ANSWER_MARGIN)
}
