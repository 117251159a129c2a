import { type ApiHandler, merchantOf } from './event.ts'
import { onePayment } from './payments/look-up.ts'

export const handler: ApiHandler = (event) => onePayment(merchantOf(event), event.pathParameters?.id ?? '')
