import type { Reconciled } from 'lambda-once/effects'
import { type PaymentOf, recordPayment } from './pay.ts'
import { readPaymentOrder } from './payment-order.ts'
import { provider } from './provider.ts'

/**
 * Asks the provider's list what became of a payment whose run did not end. If the charge was made, this does what the
 * run left undone: `done` speaks for the whole run, so the row must be there too. An error here means that it is not
 * known yet.
 */
export const reconcilePayment = async (payment: PaymentOf, body: string | undefined): Promise<Reconciled> => {
  const order = readPaymentOrder(body)
  if (order.kind === 'refused') return { rerun: true } // the run refuses it too, and charges nothing
  const charge = await provider.find(payment.chargeKey, payment.signal)
  if (charge === undefined) return { rerun: true }
  if (charge.status === 'failed') return { notDone: true } // for good, so a new key is safe
  return { done: (await recordPayment(payment, order.value, charge)).paid }
}
