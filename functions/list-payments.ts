import { type ApiHandler, merchantOf } from './event.ts'
import { allPayments } from './payments/look-up.ts'

export const handler: ApiHandler = (event) => allPayments(merchantOf(event))
