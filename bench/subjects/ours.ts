import { cached } from '../../lib/cached/index.ts'
import { idempotency } from '../../lib/http/index.ts'
import type { Store } from '../../lib/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { type Answer, aContext, type HttpEvent, pay } from '../workload/http.ts'
import { type Order, reserve } from '../workload/orders.ts'
import { chain } from './chain.ts'
import { CONCURRENCY, type Subject } from './subject.ts'

/** The layer as a Middy middleware and as an SQS batch handler, with the given store. */
export const subjectOver = (store: Store): Subject => {
  const handlerOver = (used: Store): ((event: HttpEvent) => Promise<Answer>) =>
    chain(pay, idempotency<HttpEvent>({ store: used, operation: 'payments', tenant: 'single-tenant' }))

  const batch = sqsHandler<Order>((message) => reserve(message.body), {
    store,
    operation: 'orders',
    tenant: 'single-tenant',
    key: (order) => order.orderId,
    concurrency: CONCURRENCY,
  })

  return {
    invoke: handlerOver(store),
    invokeCached: handlerOver(cached(store)),
    batch: (event) => batch(event as never, aContext()),
  }
}
