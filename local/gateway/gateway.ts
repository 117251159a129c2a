import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { FunctionPool } from '../functions/function-pool.ts'
import { functionAnswer, gatewayAnswer, internalServerError, type WireAnswer } from './answer.ts'
import { answering } from './exchange.ts'
import { joinedHeaders, requestEvent, splitTarget } from './request-event.ts'
import { matchRoute, type Route } from './routes.ts'

export interface GatewayOptions {
  readonly routes: readonly Route[]
  readonly functions: ReadonlyMap<string, Pick<FunctionPool, 'invoke'>>
}

/** API Gateway's limit. */
const BOUND = { maxBodyBytes: 10 * 1024 * 1024, tooLarge: gatewayAnswer(413, 'Request Entity Too Large') }

/** In place of an authorizer: the gateway trusts this header from every client. */
const MERCHANT_HEADER = 'x-merchant-id'

/** Handles requests as an HTTP API does: route, authorizer, function. */
export const gateway = (options: GatewayOptions): RequestListener =>
  answering(BOUND, (request, body) => answer(options, request, body))

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
