/** A function that does what its event says, to test the processes of functions. */
import { setTimeout as sleep } from 'node:timers/promises'

interface Odd {
  readonly do?: 'throw' | 'exit' | 'hang' | 'sleep'
  readonly millis?: number
}

interface Timed {
  readonly awsRequestId: string
  getRemainingTimeInMillis(): number
}

class OddError extends Error {
  override readonly name = 'OddError'
}

let runs = 0

export const handler = async (event: Odd, context: Timed): Promise<unknown> => {
  runs += 1
  if (event.do === 'throw') throw new OddError('as asked')
  if (event.do === 'exit') process.exit(3)
  if (event.do === 'hang') for (;;);
  const remaining = context.getRemainingTimeInMillis()
  if (event.do === 'sleep') await sleep(event.millis)
  return { pid: process.pid, runs, remaining, left: context.getRemainingTimeInMillis(), id: context.awsRequestId }
}
