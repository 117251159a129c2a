/** Receivers of webhooks: signatures, redeliveries, and a queue behind them. */

export type { SqsClient } from '../batch/sender.ts'
export type { TimedContext } from '../core/lifecycle/request.ts'
export {
  NotDoneError,
  type NotDoneErrorOptions,
  TerminalError,
  type TerminalErrorOptions,
} from '../core/outcome/handler-errors.ts'
export type { HandlerClaim } from '../core/record/handler-claim.ts'
export { abandon, release } from '../http/mark.ts'
export type { HttpResponse } from '../http/response.ts'
export type { AdmissionOptions } from './admission-options.ts'
export type { ReceivedDelivery, VerifiedDelivery, WebhookDelivery } from './delivery.ts'
export type { WebhookOptions } from './options.ts'
export type { HmacProvider, OwnProvider, VerifyContext, WebhookProvider } from './provider.ts'
export { github } from './providers/github.ts'
export { shopify } from './providers/shopify.ts'
export { slack } from './providers/slack.ts'
export { standardWebhooks } from './providers/standard-webhooks.ts'
export { stripe } from './providers/stripe.ts'
export { type QueuedDelivery, type QueuedWebhookOptions, queuedWebhook } from './queued.ts'
export type { SecretsChoice } from './secrets.ts'
export { webhookToQueue } from './to-queue.ts'
export type { WebhookToQueueOptions } from './to-queue-options.ts'
export { webhook } from './webhook.ts'
