import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StartRefusedError } from './flags.ts'

const HOST = '127.0.0.1'

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use: choose another with --port N, or stop what listens there',
  EACCES: 'is reserved by the system: choose one from 1024 up with --port N',
}

export interface Listening {
  readonly server: Server
  readonly url: string
}

/** Throws {@link StartRefusedError} if the port is not available. */
export const listen = async (port: number, listener: RequestListener): Promise<Listening> => {
  const server = createServer(listener)
  // Clients end idle connections. If the server did, a charge could be sent into a connection that ends, and be in doubt.
  server.keepAliveTimeout = 0
  try {
    server.listen(port, HOST)
    await once(server, 'listening')
  } catch (error) {
    const remedy = REMEDIES[(error as NodeJS.ErrnoException).code ?? '']
    if (remedy === undefined) throw error
    throw new StartRefusedError(`Port ${port} ${remedy}`, { cause: error })
  }
  return { server, url: `http://${HOST}:${(server.address() as AddressInfo).port}` }
}

/** Ends the server and its connections. */
export const closed = async (server: Server): Promise<void> => {
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
}
