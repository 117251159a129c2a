import { setTimeout as sleep } from 'node:timers/promises'
import { type Fault, faultProxy } from '../support/fault-proxy.ts'
import type { Step } from '../support/store-step.ts'
import type { Office, Payment } from './payer.ts'
import type { Point } from './victim.ts'
import { startVictim } from './victim-process.ts'

/** Where a process is killed: at a point in its code, or while the network holds its request. */
export type Place =
  | { readonly point: Point }
  /** Whether the request arrives once its sender is dead. `'late'`: when the test lets it. */
  | { readonly inFlight: Step; readonly arrives: boolean | 'late' }

export interface Death {
  readonly killedBy: NodeJS.Signals | null
  /** Lets the request that is late arrive. Returns the status of the database's answer; `undefined`: no request is late. */
  readonly arrive: () => Promise<number | undefined>
}

/** Starts a process that makes the payment, and kills it at the place. */
export const kill = async (office: Office, payment: Payment, place: Place): Promise<Death> =>
  'point' in place
    ? { killedBy: await startVictim({ office, payment, point: place.point, signal: 'SIGKILL' }).ended, ...NOTHING_LATE }
    : killInFlight(office, payment, place.inFlight, place.arrives)

const NOTHING_LATE = { arrive: async () => undefined }

/** The request has arrived at the network, and its sender is dead. */
const killInFlight = async (
  office: Office,
  payment: Payment,
  step: Step,
  arrives: boolean | 'late',
): Promise<Death> => {
  const proxy = await faultProxy()
  const victim = startVictim({ office: { ...office, endpoint: proxy.endpoint }, payment })
  const first = async () => {
    victim.child.kill('SIGKILL')
    await victim.ended
  }
  // The sender is dead, so there is no answer. A reset of its connection would keep libuv from ending.
  const fault: Fault = { first, apply: arrives === false ? 'never' : 'late', answer: 'silent' }
  proxy.script({ step, nth: 1, fault })
  const killedBy = await victim.ended
  if (!proxy.seen.some((seen) => seen.step === step)) {
    await proxy.close()
    throw new Error(`It ended before its ${step} was sent`)
  }
  const arrive = async (): Promise<number> => {
    for (;;) {
      const [status] = await proxy.deliver()
      if (status === undefined) await sleep(10)
      else {
        await proxy.close()
        return status
      }
    }
  }
  if (arrives === 'late') return { killedBy, arrive }
  if (arrives) await arrive()
  else await proxy.close()
  return { killedBy, ...NOTHING_LATE }
}
