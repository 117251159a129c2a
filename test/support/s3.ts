import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { S3Client } from '@aws-sdk/client-s3'
import { CREDENTIALS, REGION } from './dynamodb.ts'

/** What S3 does with the next requests. */
export type S3Fault = 'putFails' | 'getFails'

/** The two operations of S3 that the layer uses, over HTTP on this machine. */
export interface ObjectServer {
  readonly client: S3Client
  /** The objects by their keys. A test may change or delete them. */
  readonly objects: Map<string, Buffer>
  fault: S3Fault | undefined
  close(): Promise<void>
}

export const BUCKET = 'answers'

export const objectServer = async (): Promise<ObjectServer> => {
  const objects = new Map<string, Buffer>()
  const server = createServer((request, response) => void serve(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: REGION,
    credentials: CREDENTIALS,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED', // otherwise the body is sent in chunks with trailers
  })

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const key = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname).slice(`/${BUCKET}/`.length)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (self.fault === (request.method === 'PUT' ? 'putFails' : 'getFails'))
      return answer(response, 500, error('InternalError'))
    if (request.method === 'PUT') {
      objects.set(key, Buffer.concat(chunks))
      return answer(response, 200, '')
    }
    const object = objects.get(key)
    return object === undefined ? answer(response, 404, error('NoSuchKey')) : answer(response, 200, object)
  }

  const self: ObjectServer = {
    client,
    objects,
    fault: undefined,
    close: async () => {
      client.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return self
}

const answer = (response: ServerResponse, status: number, body: string | Buffer): void =>
  void response.writeHead(status, { 'content-length': Buffer.byteLength(body) }).end(body)

const error = (code: string): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`
