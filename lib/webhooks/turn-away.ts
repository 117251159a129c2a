import { inForm, type Recipient } from '../http/answer-form.ts'
import type { HttpRequest } from '../http/event.ts'
import { refuse } from '../http/exchange.ts'
import { clientErrorResponse } from '../http/problem.ts'
import type { AdmissionSettings } from './admission-options.ts'
import type { Admission } from './admit.ts'
import type { ReceivedDelivery } from './delivery.ts'

/** The answer to a delivery that is not admitted. */
export const turnAway = async <TEvent>(
  settings: AdmissionSettings<TEvent>,
  delivery: ReceivedDelivery,
  recipient: Recipient,
  admission: Exclude<Admission<TEvent>, { readonly kind: 'admitted' }>,
): Promise<unknown> => {
  switch (admission.kind) {
    case 'refused':
      return refuse({ settings, event: delivery, recipient }, admission.error)
    case 'denied':
      return clientErrorResponse(admission.error, recipient)
    case 'handshake':
      return inForm({ ...admission.answer }, {}, recipient)
  }
}

/** No script calls a webhook. */
export const recipientOf = ({ kind }: HttpRequest): Recipient => ({ kind, origin: undefined, cors: undefined })
