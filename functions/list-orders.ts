import { type ApiHandler, merchantOf } from './event.ts'
import { allOrders } from './orders/look-up.ts'

export const handler: ApiHandler = (event) => allOrders(merchantOf(event))
