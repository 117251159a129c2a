import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * What happens to one request.
 * `pass`: it is answered. `lost`: the server never gets it. `unanswered`: the server gets it, and the connection breaks
 * before the answer. `cut`: the connection breaks within the answer. `doubled`: the server gets it twice.
 */
export type ProxyFault = 'pass' | 'lost' | 'unanswered' | 'cut' | 'doubled'

export interface Proxied {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  /** In Latin-1: one character for each byte. */
  readonly body: string
}

/** A proxy between an HTTP client and a server. Each POST meets the next fault; after the last one, all pass. */
export interface HttpProxy {
  readonly url: string
  /** Every POST so far, oldest first. */
  readonly posts: Proxied[]
  script(...faults: readonly ProxyFault[]): void
  close(): Promise<void>
}

export const httpProxy = async (target: string): Promise<HttpProxy> => {
  const posts: Proxied[] = []
  let script: ProxyFault[] = []

  const forward = async (request: IncomingMessage, { method, headers, body }: Proxied): Promise<Response> =>
    fetch(new URL(request.url ?? '/', target), {
      method,
      headers,
      ...(body !== '' && { body: Buffer.from(body, 'latin1') }),
    })

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const received = await receivedOf(request)
    if (received.method === 'POST') posts.push(received)
    const fault = (received.method === 'POST' && script.shift()) || 'pass'
    if (fault === 'lost') return void request.socket.destroy()
    const copies = Array.from({ length: fault === 'doubled' ? 2 : 1 }, () => forward(request, received))
    const answer = await Promise.any(copies)
    const body = Buffer.from(await answer.arrayBuffer())
    await Promise.allSettled(copies)
    if (fault === 'unanswered') return void request.socket.destroy()
    response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), 'content-length': String(body.length) })
    if (fault !== 'cut') return void response.end(body)
    response.write(body.subarray(0, body.length / 2), () => request.socket.destroy())
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((cause: unknown) => {
      console.error(cause) // a mistake in the test
      request.socket.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    script: (...faults) => {
      script = [...faults]
      posts.length = 0
    },
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Headers of one connection are not passed on. */
const OWN = new Set(['connection', 'keep-alive', 'host', 'content-length', 'transfer-encoding', 'accept-encoding'])

const receivedOf = async (request: IncomingMessage): Promise<Proxied> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const headers = Object.entries(request.headers).filter(([name]) => !OWN.has(name)) as [string, string][]
  return {
    method: request.method ?? '',
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks).toString('latin1'),
  }
}
