import type { IncomingMessage } from 'node:http'
import { type CarriedEvent, carriedEvent, type RequestTarget } from '../frameworks/carried.ts'

/** A request whose body a parser has read. */
export interface ParsedRequest extends IncomingMessage {
  readonly body?: unknown
  /** The URL before a router cut off its own path. */
  readonly originalUrl?: string
}

/** Throws `TypeError` if the fingerprint would not cover the body. */
export const eventOf = <TRequest extends ParsedRequest>(
  request: TRequest,
  hasPayload: boolean,
): CarriedEvent<TRequest> => {
  if (!hasPayload) assertCovered(request)
  const { method = '', url = '', originalUrl = url, body } = request
  return carriedEvent(request, method, targetOf(originalUrl), {
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, line]) => [name, String(line)])),
    body,
    isBase64Encoded: false,
  })
}

const TARGET = /^(?:[a-z][a-z\d+.-]*:\/\/[^/?]*)?([^?]*)(.*)$/is

/** As it was sent: to `URL`, `//host/payments`, `/a/../payments` and `/payments` are one path, and to a router they are not. */
const targetOf = (target: string): RequestTarget => {
  const [, pathname = '', search = ''] = TARGET.exec(target) ?? []
  return { pathname, search }
}

/** Without this check, all bodies of a key would count as the same one. */
const assertCovered = (request: ParsedRequest): void => {
  const { headers, readableEnded, body } = request
  if (hasBody(request) && (!readableEnded || body === undefined)) {
    throw new TypeError(
      'lambda-once/express: no parser has read the body into request.body; put idempotency(options) after the body parser, or set the option payload',
    )
  }
  if (headers['content-type']?.toLowerCase().startsWith('multipart/') === true) {
    throw new TypeError(
      'lambda-once/express: the body is multipart, and its files are not part of request.body; set the option payload',
    )
  }
}

/** HTTP/2 needs no header for it: there the frame of the headers says whether it is the last one. */
const hasBody = ({ headers, stream }: ParsedRequest & Http2Request): boolean =>
  headers['transfer-encoding'] !== undefined ||
  Number(headers['content-length'] ?? 0) > 0 ||
  stream?.endAfterHeaders === false

/** What a request of Node's compatibility layer for HTTP/2 has. */
interface Http2Request {
  readonly stream?: { readonly endAfterHeaders?: boolean }
}
