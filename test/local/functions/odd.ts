/** A function that does what its event says, to test the processes of functions. */
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

interface Odd {
  readonly do?: 'throw' | 'exit' | 'hang' | 'sleep' | 'call'
  readonly millis?: number
  /** A server: for the test of what is watched. */
  readonly url?: string
}

interface Timed {
  readonly awsRequestId: string
  getRemainingTimeInMillis(): number
}

class OddError extends Error {
  override readonly name = 'OddError'
}

let runs = 0

/** Calls as the provider is called, and as the AWS SDK calls, and publishes as the layer does. */
const call = async (url: string): Promise<void> => {
  await fetch(`${url}/a/charges?key=1`, { method: 'POST', body: 'x' }).then((response) => response.text())
  await fetch(`${url}/cut`).catch(() => {})
  const headers = { 'x-amz-target': 'DynamoDB_20120810.GetItem' }
  const [response] = await once(request(url, { headers }).end(), 'response')
  await once(response.resume(), 'end')
  channel('lambda-once').publish({ type: 'replayed' })
}

export const handler = async (event: Odd, context: Timed): Promise<unknown> => {
  runs += 1
  if (event.do === 'throw') throw new OddError('as asked')
  if (event.do === 'exit') process.exit(3)
  if (event.do === 'hang') for (;;);
  if (event.do === 'call') await call(event.url ?? '')
  const remaining = context.getRemainingTimeInMillis()
  if (event.do === 'sleep') await sleep(event.millis)
  return { pid: process.pid, runs, remaining, left: context.getRemainingTimeInMillis(), id: context.awsRequestId }
}
