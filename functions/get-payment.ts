import { type ApiEvent, merchantOf } from './event.ts'
import type { Answer } from './payments/answer.ts'
import { onePayment } from './payments/look-up.ts'

export const handler = (event: ApiEvent): Promise<Answer> =>
  onePayment(merchantOf(event), event.pathParameters?.id ?? '')
