import { createSender } from '../batch/sender.ts'
import { digest } from '../core/identity/digest.ts'
import { scopeText } from '../core/identity/tenant.ts'
import { type TimedContext, timesOf } from '../core/lifecycle/request.ts'
import type { Runtime } from '../core/runtime.ts'
import { between, fromSeconds, type Millis, millis } from '../core/time.ts'
import { inForm } from '../http/answer-form.ts'
import type { HttpResponse } from '../http/response.ts'
import { isFifo } from '../sqs/record.ts'
import { admit } from './admit.ts'
import { receive, type WebhookDelivery } from './delivery.ts'
import { messageOf } from './queued.ts'
import { readToQueueSettings, type ToQueueSettings, type WebhookToQueueOptions } from './to-queue-options.ts'
import { recipientOf, turnAway } from './turn-away.ts'

const WHERE = 'webhookToQueue(options)'

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
  const settings = readToQueueSettings(WHERE, options)
  const { admission: checks, queueUrl, sqs, runtime } = settings
  const send = createSender(runtime, sqs, 'webhookToQueue needs')
  return async (event, context) => {
    const { request, delivery } = receive(event)
    const recipient = recipientOf(request)
    const admission = await admit(checks, delivery, runtime.now())
    if (admission.kind !== 'admitted') {
      return (await turnAway(checks, delivery, recipient, admission)) as HttpResponse
    }
    const message = { QueueUrl: queueUrl, ...messageFor(settings, admission.delivery, admission.tenant) }
    await send((sdk) => new sdk.SendMessageCommand(message), leftOf(context, runtime))
    return inForm({ statusCode: 202, body: '' }, {}, recipient) as unknown as HttpResponse
  }
}

const messageFor = <TEvent>(
  { admission: { provider }, queueUrl, group }: ToQueueSettings<TEvent>,
  delivery: WebhookDelivery<TEvent>,
  tenant: string,
) => ({
  MessageBody: messageOf(delivery, tenant, provider.keptHeaders ?? []),
  ...(isFifo(queueUrl) && inOrder(delivery, tenant, group)),
})

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
