import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../loopback.ts'

/**
 * Whether the request names this computer as its host. A page of another site can give its own host name the address
 * 127.0.0.1, and then send requests here; but its browser sends that name. The port may be that of a tunnel.
 */
export const namesThisHost = ({ headers: { host } }: IncomingMessage): boolean =>
  host !== undefined && isLoopback(`http://${host}`)

/** For writes. Browsers send the origin of the page with each write; other programs send none. */
export const isFromOwnPage = ({ headers: { origin, host } }: IncomingMessage): boolean =>
  origin === undefined || origin === `http://${host}`
