/** A process that makes one payment, and sends itself the given signal at the given point. */
import type { ProbePoint } from '../../lib/core/runtime.ts'
import { type Office, type Payment, payer } from './payer.ts'

/** Where a process can be killed or frozen: the points of the lifecycle, around the effect, and in the question. */
export type Point = ProbePoint | 'before-effect' | 'after-effect' | 'in-question'

export interface Order {
  readonly office: Office
  readonly payment: Payment
  readonly point?: Point
  readonly signal?: 'SIGKILL' | 'SIGSTOP'
  /** Whether the handler throws after its effect. */
  readonly throws?: true
  /** Whether the handler reports its start, and waits for a message before it ends. */
  readonly stays?: true
}

const { office, payment, point, signal, throws, stays } = JSON.parse(process.argv[2] ?? '{}') as Order

/** Sends itself the signal. After SIGSTOP, the process continues here on SIGCONT. */
const meet = (here: Point): void => {
  if (here === point && signal !== undefined) process.kill(process.pid, signal)
}

const nextMessage = (): Promise<void> => new Promise((resolve) => process.once('message', () => resolve()))

const pay = payer('the victim', office, {
  probe: meet,
  beforeEffect: () => meet('before-effect'),
  inQuestion: () => meet('in-question'),
  afterEffect: async () => {
    meet('after-effect')
    if (stays === true) {
      const leave = nextMessage()
      process.send?.({ inHandler: true })
      await leave
    }
    if (throws === true) throw new Error('boom')
  },
})

const answer = await pay(payment)
process.send?.({ answer }, undefined, undefined, () => process.exit(0))
