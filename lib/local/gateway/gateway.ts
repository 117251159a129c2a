import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { FunctionPool } from '../functions/function-pool.ts'
import { functionAnswer, gatewayAnswer, internalServerError, type WireAnswer } from './answer.ts'
import { joinedHeaders, requestEvent, splitTarget } from './request-event.ts'
import { matchRoute, type Route } from './routes.ts'

export interface GatewayOptions {
  readonly routes: readonly Route[]
  readonly functions: ReadonlyMap<string, Pick<FunctionPool, 'invoke'>>
}

/** API Gateway's own bound. */
const MAX_BODY_BYTES = 10 * 1024 * 1024

/** Stands in for an authorizer: whoever says which merchant it is, is that merchant. */
const MERCHANT_HEADER = 'x-merchant-id'

/** Answers requests as an HTTP API does: route, authorizer, function. */
export const gateway =
  (options: GatewayOptions): RequestListener =>
  async (request, response) => {
    const body = await readBody(request)
    if (body === 'broken') return
    send(
      response,
      body === 'too-large' ? gatewayAnswer(413, 'Request Entity Too Large') : await answer(options, request, body),
    )
  }

const answer = async (
  { routes, functions }: GatewayOptions,
  request: IncomingMessage,
  body: Buffer,
): Promise<WireAnswer> => {
  const { method = 'GET', url: target = '/', rawHeaders, socket } = request
  const match = matchRoute(routes, method, splitTarget(target).rawPath)
  if (match === undefined) return gatewayAnswer(404, 'Not Found')
  const merchantId = joinedHeaders(rawHeaders)[MERCHANT_HEADER]
  if (merchantId === undefined || merchantId === '') return gatewayAnswer(401, 'Unauthorized')

  const sourceIp = socket.remoteAddress ?? ''
  const facts = { requestId: randomUUID(), now: Date.now(), authorizer: { merchantId } }
  const event = requestEvent({ method, target, rawHeaders, body, sourceIp }, match, facts)
  const invoked = await functions.get(match.route.functionName)?.invoke(event)
  return invoked?.kind === 'returned' ? functionAnswer(invoked.result) : internalServerError()
}

const readBody = async (request: IncomingMessage): Promise<Buffer | 'too-large' | 'broken'> => {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size <= MAX_BODY_BYTES) chunks.push(chunk) // what is too much is read, so that the client hears why
    }
  } catch {
    return 'broken' // the client has gone
  }
  return size > MAX_BODY_BYTES ? 'too-large' : Buffer.concat(chunks)
}

const send = (response: ServerResponse, { statusCode, headers, body }: WireAnswer): void => {
  for (const [name, value] of headers) response.appendHeader(name, value)
  response.statusCode = statusCode
  response.end(body)
}
