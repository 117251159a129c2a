import type { ServerResponse } from 'node:http'
import { asAnswer, type FrameworkAnswer } from '../frameworks/answer.ts'
import { FRAMEWORK_RULES, type FrameworkOptions, overCarried } from '../frameworks/carried.ts'
import { withClaim } from '../http/context-claim.ts'
import { handle } from '../http/handle.ts'
import { readHttpSettings } from '../http/options.ts'
import { holdResponse } from './held-response.ts'
import { eventOf, type ParsedRequest } from './parsed-request.ts'

/** The options of {@link idempotency}: those of `idempotent`, whose functions take the request. */
export type ExpressOptions<TRequest extends ParsedRequest = ParsedRequest> = FrameworkOptions<TRequest>

/** A middleware of Express, Connect, and other frameworks over Node's own requests. */
export type IdempotencyMiddleware<TRequest extends ParsedRequest> = (
  request: TRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * An Express middleware. The routes behind it run once per idempotency key, and every retry gets the first answer. Use it
 * once for each group of routes that share their options, after the body parser. `claimOf(request)` is the claim.
 *
 * It needs no Lambda event, so it also serves containers and the Lambda Web Adapter. There it takes a lease of 60 s and
 * renews it while the route runs, for up to 900 s.
 *
 * An error of a route is answered by your error handler, and that answer counts by its status: a 4xx releases the key, a
 * 5xx leaves the effect in doubt, and so does a route that destroys its response. The answer is held back until its outcome is stored: put routes that stream in front
 * of it.
 *
 * Throws `OptionError` at once for options that cannot be right. A request gets `TypeError` through `next` if no parser has
 * read its body, or if the body is multipart, and the option `payload` is not set.
 *
 * @example
 * const once = idempotency<Request>({ store, operation: 'payments', tenant: (request) => request.get('x-merchant-id') })
 * app.post('/payments', express.json(), once, pay)
 */
export const idempotency = <TRequest extends ParsedRequest = ParsedRequest>(
  options: ExpressOptions<TRequest>,
): IdempotencyMiddleware<TRequest> => {
  const settings = readHttpSettings('idempotency(options)', overCarried(options), FRAMEWORK_RULES)
  const hasPayload = options.payload !== undefined
  return (request, response, next) => {
    // Nothing of a request that passes is read or held back.
    if (!settings.methods.has(request.method ?? '')) return next()
    const held = holdResponse(response)
    const call = (): Promise<FrameworkAnswer> => {
      next()
      return held.answer
    }
    const serve = async (): Promise<void> => {
      const event = eventOf(request, hasPayload)
      const answer = await handle(settings, event, {}, (claim) => withClaim(request, claim, call))
      held.send(asAnswer(answer))
    }
    serve().catch((error: unknown) => {
      held.letGo()
      if (!response.destroyed) next(error)
    })
  }
}
