import type { TimedContext } from '../core/lifecycle/request.ts'
import { run } from '../core/lifecycle/run.ts'
import { endingOfHttpError } from '../core/outcome/outcome-policy.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import {
  captureResult,
  completionFor,
  deciderFor,
  emitUnkeyed,
  endingOfAnswer,
  exchangeOf,
  refuse,
  respond,
  respondUnclaimed,
} from './exchange.ts'
import { identify } from './identity.ts'
import type { HttpSettings } from './options.ts'
import { clientErrorResponse } from './problem.ts'

/** Answers one request. `call` runs the handler under a claim, or without one. */
export const handle = async <TEvent>(
  settings: HttpSettings<TEvent>,
  event: TEvent,
  context: TimedContext,
  call: (claim: HandlerClaim | undefined) => unknown,
): Promise<unknown> => {
  const identified = await identify(settings, event, context)
  if (identified.kind === 'pass') return call(undefined)
  const exchange = exchangeOf(settings, event, identified.request)
  switch (identified.kind) {
    case 'unkeyed':
      emitUnkeyed(exchange)
      return respondUnclaimed(exchange, captureResult(exchange, await call(undefined)), 'none')
    case 'refused':
      return refuse(exchange, identified.error)
    case 'denied':
      return clientErrorResponse(identified.error, exchange.recipient)
    case 'keyed':
      return respond(
        exchange,
        await run(
          settings.core,
          { ...identified.claimRequest, completionOf: completionFor(exchange) },
          {
            handler: async (claim) => captureResult(exchange, await call(claim)),
            endingOfValue: (captured) => endingOfAnswer(exchange, captured),
            endingOfError: (error) => endingOfHttpError(error, settings.outcomes),
            decide: deciderFor(exchange),
          },
        ),
      )
  }
}
