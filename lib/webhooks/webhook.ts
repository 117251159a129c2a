import { deriveRecordKey } from '../core/identity/record-key.ts'
import { deciderOf } from '../core/lifecycle/reconciliation.ts'
import { type ClaimRequest, type TimedContext, timesOf } from '../core/lifecycle/request.ts'
import { run } from '../core/lifecycle/run.ts'
import type { RunResult } from '../core/lifecycle/run-result.ts'
import { OptionError } from '../core/option-rules.ts'
import { endingOfHttpError } from '../core/outcome/outcome-policy.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import { inForm } from '../http/answer-form.ts'
import { completionFor, type Exchange, endingOfAnswer, respond } from '../http/exchange.ts'
import type { CapturedAnswer, HttpResponse } from '../http/response.ts'
import { type Admission, admit } from './admit.ts'
import { answerOrOk, captureOrOk, replayOrOk } from './answer.ts'
import { receive, type WebhookDelivery } from './delivery.ts'
import { readWebhookSettings, type WebhookOptions, type WebhookSettings } from './options.ts'
import { recipientOf, turnAway } from './turn-away.ts'

const WHERE = 'webhook(handler, options)'

/**
 * Handles the deliveries of a webhook. Your handler runs once for each event, however often the sender delivers it, and
 * only if the signature is right.
 *
 * It gets the delivery, its claim (`undefined` if it runs unprotected) and the Lambda context. It may answer nothing: then
 * the sender gets 200.
 *
 * Throws `OptionError` at once for options that cannot be right.
 *
 * @example
 * export const handler = webhook(bookPayment, {
 *   store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
 *   operation: 'stripe-events',
 *   tenant: 'single-tenant',
 *   provider: stripe,
 *   secrets: [process.env.STRIPE_WEBHOOK_SECRET],
 * })
 */
export const webhook = <TEvent = unknown, TContext extends TimedContext = TimedContext>(
  handler: (delivery: WebhookDelivery<TEvent>, claim: HandlerClaim | undefined, context: TContext) => unknown,
  options: WebhookOptions<TEvent>,
): ((event: unknown, context: TContext) => Promise<HttpResponse>) => {
  if (typeof handler !== 'function') throw new OptionError(WHERE, 'handler', 'must be a function')
  const settings = readWebhookSettings(WHERE, options)
  return async (event, context) => {
    const { request, delivery } = receive(event)
    const recipient = recipientOf(request)
    const admission = await admit(settings.admission, delivery, settings.http.core.runtime.now())
    if (admission.kind !== 'admitted') {
      return (await turnAway(settings.admission, delivery, recipient, admission)) as HttpResponse
    }
    const exchange = { settings: settings.http, event: admission.delivery, recipient }
    const call = (claim: HandlerClaim | undefined): unknown => handler(admission.delivery, claim, context)
    return (await answer(settings, exchange, await runOnce(exchange, admission, context, call))) as HttpResponse
  }
}

type Admitted<TEvent> = Extract<Admission<TEvent>, { readonly kind: 'admitted' }>

const runOnce = <TEvent>(
  exchange: Exchange<WebhookDelivery<TEvent>>,
  { delivery, tenant, fingerprint }: Admitted<TEvent>,
  context: TimedContext,
  call: (claim: HandlerClaim | undefined) => unknown,
): Promise<RunResult<CapturedAnswer>> => {
  const { core, outcomes } = exchange.settings
  const completionOf = (answer: unknown) => completionFor(exchange)(answerOrOk(answer))
  const request: ClaimRequest = {
    // Without the route: a queue's consumer has none, and a sender may be given another URL between two deliveries.
    recordKey: deriveRecordKey({ operation: core.operation, tenant, key: delivery.id }),
    fingerprint,
    ...timesOf(context, core.runtime),
    completionOf,
  }
  return run(core, request, {
    handler: async (claim) => captureOrOk(exchange, await call(claim)),
    endingOfValue: (captured) => endingOfAnswer(exchange, captured),
    endingOfError: (error) => endingOfHttpError(error, outcomes),
    decide: deciderOf(exchange.settings, {
      subject: delivery,
      endingOf: (done) => ({ kind: 'complete', ...completionOf(done) }),
    }),
  })
}

const answer = <TEvent>(
  { duplicateInProgress }: WebhookSettings<TEvent>,
  exchange: Exchange<WebhookDelivery<TEvent>>,
  ran: RunResult<CapturedAnswer>,
): unknown => {
  if (ran.kind === 'replay') return replayOrOk(exchange, ran.record)
  const isHandled = ran.kind === 'refused' && ran.error.code === 'in-progress'
  return isHandled && duplicateInProgress === 202
    ? inForm({ statusCode: 202, body: '' }, {}, exchange.recipient)
    : respond(exchange, ran)
}
