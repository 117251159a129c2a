/** A process that makes one sale, and kills itself at the given point. */
import type { ProbePoint } from '../../lib/core/runtime.ts'
import { clerk, type Office, type Purchase } from './clerk.ts'

export interface Task {
  readonly office: Office
  readonly purchase: Purchase
  readonly point?: ProbePoint
}

const { office, purchase, point } = JSON.parse(process.argv[2] ?? '{}') as Task

await clerk('the victim', office, (here) => {
  if (here === point) process.kill(process.pid, 'SIGKILL')
})(purchase)
