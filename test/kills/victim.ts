/** A process that makes one payment, and meets its signal at the point that it was given. */
import type { ProbePoint } from '../../lib/core/runtime.ts'
import { type Office, type Payment, payer } from './payer.ts'

/** Where a process can be killed or frozen: the lifecycle's own points, and both sides of the effect. */
export type Point = ProbePoint | 'before-effect' | 'after-effect'

export interface Order {
  readonly office: Office
  readonly payment: Payment
  readonly point?: Point
  readonly signal?: 'SIGKILL' | 'SIGSTOP'
  /** The handler throws after its effect. */
  readonly throws?: true
  /** The handler tells that it has started, and ends when it is told to. */
  readonly stays?: true
}

const { office, payment, point, signal, throws, stays } = JSON.parse(process.argv[2] ?? '{}') as Order

/** The process does not come back from SIGKILL, and from SIGSTOP when somebody continues it. */
const meet = (here: Point): void => {
  if (here === point && signal !== undefined) process.kill(process.pid, signal)
}

const told = (): Promise<void> => new Promise((resolve) => process.once('message', () => resolve()))

const pay = payer('the victim', office, {
  probe: meet,
  beforeEffect: () => meet('before-effect'),
  afterEffect: async () => {
    meet('after-effect')
    if (stays === true) {
      const leave = told()
      process.send?.({ inHandler: true })
      await leave
    }
    if (throws === true) throw new Error('boom')
  },
})

const answer = await pay(payment)
process.send?.({ answer }, undefined, undefined, () => process.exit(0))
