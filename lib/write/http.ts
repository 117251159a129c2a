import type { TimedContext } from '../core/lifecycle/request.ts'
import { isObject, OptionError } from '../core/option-rules.ts'
import { captureResult, completionFor, exchangeOf, refuse, respond } from '../http/exchange.ts'
import { identify } from '../http/identity.ts'
import { type HttpOptions, readHttpSettings } from '../http/options.ts'
import { clientErrorResponse } from '../http/problem.ts'
import type { HttpResponse } from '../http/response.ts'
import { runOneShot } from './one-shot.ts'
import type { Plan } from './plan.ts'
import { type ClaimOptions, NO_CLAIM_OPTIONS, refused } from './plan-options.ts'

/** The options of {@link idempotentWrite}: those of `idempotent`, without the ones that need a claim. */
export type WriteOptions<TEvent> = Omit<
  HttpOptions<TEvent>,
  ClaimOptions | 'missingKey' | 'inProgress' | 'outcomes' | 'otherEvents'
>

const WHERE = 'idempotentWrite(plan, options)'

/**
 * An HTTP handler whose only effect is a DynamoDB transaction. Your items, the record and the answer are written
 * together or not at all, in one round trip: there is no claim, no lease and nothing in doubt.
 *
 * `plan` reads and computes, and does nothing: it may be called more than once for a request, and for several requests
 * with one key at the same time. Only one of them is written. A plan without items gives its answer and stores nothing.
 *
 * Throws `OptionError` at once for options that cannot be right, and `TypeError` for a plan that is none. An error of
 * `plan` goes to the caller, and nothing is written.
 *
 * @example
 * export const handler = idempotentWrite((event) => {
 *   const order = read(event)
 *   return { items: [{ Put: rowOf(order) }, { Update: takeStock(order) }], answer: created(order), refused: () => soldOut(order) }
 * }, { store, operation: 'orders', tenant })
 */
export const idempotentWrite = <TEvent, TContext extends TimedContext = TimedContext>(
  plan: (event: TEvent, context: TContext) => Plan | Promise<Plan>,
  options: WriteOptions<TEvent>,
): ((event: TEvent, context: TContext) => Promise<HttpResponse>) => {
  if (typeof plan !== 'function') throw new OptionError(WHERE, 'plan', 'must be a function')
  const settings = readHttpSettings<TEvent>(WHERE, options, {
    ...NO_CLAIM_OPTIONS,
    missingKey: refused('needs a key'),
    inProgress: refused('does not wait'),
    otherEvents: refused('answers HTTP requests only'),
    outcomes: refused('stores its answer with its items, whatever its status'),
  })
  return async (event, context) => {
    const identified = await identify(settings, event, context)
    if (identified.kind === 'pass') return answerOnly(await plan(event, context))
    const exchange = exchangeOf(settings, event, identified.request)
    switch (identified.kind) {
      case 'refused':
        return (await refuse(exchange, identified.error)) as HttpResponse
      case 'denied':
        return clientErrorResponse(identified.error, exchange.recipient) as HttpResponse
      case 'unkeyed':
        throw new TypeError(`${WHERE}: a request without a key cannot be written once`)
      case 'keyed': {
        const request = { ...identified.claimRequest, completionOf: completionFor(exchange) }
        const toValue = (answer: unknown) => captureResult(exchange, answer)
        const ran = await runOneShot(settings.core, request, { plan: () => plan(event, context), toValue })
        return (await respond(exchange, ran)) as HttpResponse
      }
    }
  }
}

/** A method that is not protected has no key, so it cannot write. */
const answerOnly = (plan: unknown): HttpResponse => {
  if (!isObject(plan) || plan.items !== undefined)
    throw new TypeError(
      `${WHERE}: the method of this request is not in the option methods, so its plan must be { answer }`,
    )
  return plan.answer as HttpResponse
}
