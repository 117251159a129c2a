import { randomUUID } from 'node:crypto'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { type HandlerClaim, type HttpResponse, idempotent } from 'lambda-once/http'
import { type ApiEvent, type ApiHandler, bodyOf, merchantOf } from './event.ts'
import { observe } from './observe.ts'
import { refund } from './payments/refund.ts'
import { securityHeaders } from './security-headers.ts'

const refundPayment = (event: ApiEvent, _context: Context, claim: HandlerClaim | undefined) => {
  const paymentId = event.pathParameters?.id ?? ''
  return refund({ merchantId: merchantOf(event), paymentId, id: `ref_${randomUUID()}`, claim }, bodyOf(event))
}

/**
 * The wrapper form, inside a Middy chain: the middlewares outside it also see replays and problems. A duplicate waits
 * up to 5 s for the first request.
 */
export const handler: ApiHandler = middy<ApiEvent, HttpResponse>()
  .use(securityHeaders())
  .handler(
    idempotent(refundPayment, {
      store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
      operation: 'refunds',
      tenant: merchantOf,
      inProgress: { waitSeconds: 5 },
      observe,
    }),
  )
