import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { reconcile } from 'lambda-once/effects'
import { claimOf, type HttpResponse, idempotency } from 'lambda-once/http'
import { type ClaimIds, effectId } from './effect-id.ts'
import { type ApiEvent, type ApiHandler, bodyOf, merchantOf } from './event.ts'
import { observe } from './observe.ts'
import { type PaymentOf, pay } from './payments/pay.ts'
import { reconcilePayment } from './payments/reconcile-payment.ts'

const createPayment = (event: ApiEvent, context: Context) => pay(paymentOf(event, claimOf(context)), bodyOf(event))

/** A run and the question about it derive the same ids. */
const paymentOf = (event: ApiEvent, claim: (ClaimIds & { readonly attempt: number }) | undefined): PaymentOf => ({
  merchantId: merchantOf(event),
  id: `pay_${effectId(claim, 'payment')}`,
  chargeKey: effectId(claim, 'charge'),
  run: claim?.attempt ?? 1,
  signal: claim?.signal,
})

/**
 * The middleware form. Make it the last `.use`. After a crash a payment runs again while the provider remembers the key
 * of its charge. After that the provider is asked first.
 */
export const handler: ApiHandler = middy<ApiEvent, HttpResponse>()
  .use(
    idempotency<ApiEvent>({
      store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
      operation: 'payments',
      tenant: merchantOf,
      rerunWithinSeconds: Number(process.env.IDEMPOTENCY_RERUN_WITHIN_SECONDS),
      abandoned: reconcile((event, claim) => reconcilePayment(paymentOf(event, claim), bodyOf(event))),
      observe,
    }),
  )
  .handler(createPayment)
