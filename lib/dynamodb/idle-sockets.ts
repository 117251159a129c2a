import type { Agent } from 'node:http'

export type IdleAgent = Partial<Pick<Agent, 'freeSockets'>>

/**
 * Closes the idle connections of an agent. While Lambda freezes a function, all its connections are idle. NAT gateways and
 * interface endpoints drop a connection after 350 s without traffic, and reset it at the next packet. If one connection was
 * dead, the others may be too, so the next attempt opens a new one.
 */
export const closeIdle = (agent: IdleAgent | undefined): void => {
  for (const idle of Object.values(agent?.freeSockets ?? {}).flat()) idle?.destroy()
}
