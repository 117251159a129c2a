import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What is between the functions and the database. While it is shut, each connection breaks. */
export interface StoreGate {
  readonly endpoint: string
  /** When it opens again, in epoch milliseconds; `undefined` while it is open. */
  readonly shutUntil: () => number | undefined
  /** Breaks the connections, and refuses new ones for this long. A second call replaces the first. */
  shut(millis: number): void
  stop(): Promise<void>
}

/** `changed` is called when the gate shuts, and when it opens. */
export const startStoreGate = async (database: string, changed: () => void): Promise<StoreGate> => {
  const { hostname, port } = new URL(database)
  const sockets = new Set<Socket>()
  let until: number | undefined
  let opening: NodeJS.Timeout | undefined

  const server = createServer((client) => {
    if (until !== undefined) return void client.resetAndDestroy()
    const inner = connect(Number(port), hostname)
    for (const [one, other] of [
      [client, inner],
      [inner, client],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.once('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  server.listen(0, hostname)
  await once(server, 'listening')

  return {
    endpoint: `http://${hostname}:${(server.address() as AddressInfo).port}`,
    shutUntil: () => until,
    shut: (millis) => {
      clearTimeout(opening)
      until = Date.now() + millis
      for (const socket of sockets) socket.resetAndDestroy()
      opening = setTimeout(() => {
        until = undefined
        changed()
      }, millis)
      changed()
    },
    stop: async () => {
      clearTimeout(opening)
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
