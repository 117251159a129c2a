import type { Agent } from 'node:http'

export type IdleAgent = Partial<Pick<Agent, 'freeSockets'>>

/**
 * Ends the connections of an agent that wait for their next request. A gateway forgets a connection that was idle for
 * long, as all are while Lambda has frozen the function (NAT gateways and interface endpoints after 350 s), and answers
 * the next packet with a reset. Where one was dead, so may all be: the next attempt must not try another of them.
 */
export const closeIdle = (agent: IdleAgent | undefined): void => {
  for (const idle of Object.values(agent?.freeSockets ?? {}).flat()) idle?.destroy()
}
