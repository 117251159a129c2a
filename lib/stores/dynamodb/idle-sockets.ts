import type { Agent } from 'node:http'

/**
 * Ends the connections that wait for their next request. A gateway forgets a connection that was idle for long, as all
 * are while Lambda has frozen the function (NAT gateways and interface endpoints after 350 s), and answers the next
 * packet with a reset. Where one was dead, so may all be: the next attempt must not try another of them.
 */
export const closeIdle = ({ freeSockets }: Pick<Agent, 'freeSockets'>): void => {
  for (const idle of Object.values(freeSockets).flat()) idle?.destroy()
}
