import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { dynamoDbStore } from 'lambda-once/dynamodb'
import { claimOf, type HttpResponse, idempotency } from 'lambda-once/http'
import { effectId } from './effect-id.ts'
import { type ApiEvent, type ApiHandler, bodyOf, merchantOf } from './event.ts'
import { observe } from './observe.ts'
import { pay } from './payments/pay.ts'

const createPayment = (event: ApiEvent, context: Context) =>
  pay(merchantOf(event), `pay_${effectId(claimOf(context), 'payment')}`, bodyOf(event))

/** The middleware form. Make it the last `.use`. */
export const handler: ApiHandler = middy<ApiEvent, HttpResponse>()
  .use(
    idempotency<ApiEvent>({
      store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
      operation: 'payments',
      tenant: merchantOf,
      observe,
    }),
  )
  .handler(createPayment)
