import type { TimedContext } from '../core/lifecycle/request.ts'
import { isObject, OptionError } from '../core/option-rules.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'
import { withClaim } from './context-claim.ts'
import { handle } from './handle.ts'
import { type HttpOptions, readHttpSettings } from './options.ts'
import type { HttpResponse } from './response.ts'

/** What Middy gives its base handler in addition to event and context. `signal` aborts at Middy's early timeout. */
export interface MiddyOptions {
  readonly signal: AbortSignal
}

/** A Lambda handler with exactly two parameters: nodejs24.x refuses handlers with three. */
export type IdempotentHandler<TEvent, TContext, TResult> = (
  event: TEvent,
  context: TContext,
) => Promise<TResult | HttpResponse>

/** `awslambda.streamifyResponse` marks a handler with it. */
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')

const WHERE = 'idempotent(handler, options)'

/**
 * Wraps an HTTP handler. The handler runs once per idempotency key, and every retry gets its answer.
 *
 * The handler's third argument is its claim. It is `undefined` if the handler runs without one: the method is not
 * protected, the request has no key and needs none, or the store is down and `storeDown` lets it run.
 *
 * If you use it as the base handler of a Middy chain, the middlewares of the chain see replays and problems too. The
 * handler's fourth argument is what Middy gives a base handler as the third.
 *
 * An error that the handler throws counts as its answer if it is meant for the client: `expose: true` and a 4xx
 * `statusCode`, as `http-errors` and Middy make them.
 *
 * Throws `OptionError` at once for options that cannot be right.
 *
 * @example
 * export const handler = idempotent(createPayment, {
 *   store: dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }),
 *   operation: 'payments',
 *   tenant: (event) => event.requestContext.authorizer?.lambda?.merchantId,
 * })
 */
export const idempotent = <TEvent, TResult, TContext extends TimedContext = TimedContext>(
  handler: (
    event: TEvent,
    context: TContext,
    claim: HandlerClaim | undefined,
    middy: MiddyOptions | undefined,
  ) => TResult | Promise<TResult>,
  options: HttpOptions<TEvent>,
): IdempotentHandler<TEvent, TContext, TResult> => {
  if (typeof handler !== 'function') throw new OptionError(WHERE, 'handler', 'must be a function')
  if (STREAMING in handler) {
    throw new OptionError(WHERE, 'handler', 'is wrapped in streamifyResponse; a streamed answer cannot be stored')
  }
  const settings = readHttpSettings(WHERE, options)
  return async (event: TEvent, context: TContext, ...more: readonly unknown[]) => {
    const middy = middyOptions(more[0])
    const call = (claim: HandlerClaim | undefined) =>
      withClaim(context, claim, () => handler(event, context, claim, middy))
    return (await handle(settings, event, context, call)) as TResult | HttpResponse
  }
}

/** Before nodejs24.x Lambda passes a callback there. The handler must not get it: a call would replace the answer. */
const middyOptions = (given: unknown): MiddyOptions | undefined =>
  isObject(given) && 'signal' in given ? (given as unknown as MiddyOptions) : undefined
