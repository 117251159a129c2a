/** A process that pays in three steps, and kills itself when it comes to a place for the nth time. */
import type { Office, Payment } from '../kills/payer.ts'
import { type Place, type StepName, stepPayer } from './step-payer.ts'

export interface StepOrder {
  readonly office: Office
  readonly payment: Payment
  readonly stops: readonly StepName[]
  readonly place?: Place
  /** Default: 1. */
  readonly nth?: number
}

const { office, payment, stops, place, nth = 1 } = JSON.parse(process.argv[2] ?? '{}') as StepOrder

let met = 0
const pay = stepPayer(office, stops, (here) => {
  if (here === place && ++met === nth) process.kill(process.pid, 'SIGKILL')
})

const answer = await pay(payment)
process.send?.({ answer }, undefined, undefined, () => process.exit(0))
