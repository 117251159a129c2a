import { type ApiEvent, merchantOf } from './event.ts'
import type { Answer } from './payments/answer.ts'
import { allPayments } from './payments/look-up.ts'

export const handler = (event: ApiEvent): Promise<Answer> => allPayments(merchantOf(event))
