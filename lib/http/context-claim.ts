import { isObject } from '../core/option-rules.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'

/** A call that has not ended yet, with the claim under which it runs. */
interface OpenCall {
  readonly claim: HandlerClaim | undefined
}

/** The open calls of each context, in the order in which they began. */
const calls = new WeakMap<object, Set<OpenCall>>()

/**
 * The claim under which the handler runs, for `idempotent` and for `idempotency`; `undefined` if it runs without one.
 *
 * `context` is the handler's second argument. A call within another call with the same context has its own claim until it
 * ends. If several calls run at the same time with one context, this is the claim of the one that began last. Use the third
 * argument of the wrapped handler then, or give each call its own context, such as `Object.create(context)`. Give a Middy
 * chain within a call its own context too: near the deadline the middleware cannot know whether its handler has ended, and
 * leaves its claim in force.
 *
 * @example
 * const chargeKey = claimOf(context)?.downstreamKey('charge') // the same on every attempt
 */
export const claimOf = (context: object): HandlerClaim | undefined => [...(calls.get(context) ?? [])].at(-1)?.claim

/** Puts the claim in force until the returned function is called. */
export const enterClaim = (context: object, claim: HandlerClaim | undefined): (() => void) => {
  const call: OpenCall = { claim }
  const open = calls.get(context) ?? new Set()
  calls.set(context, open.add(call))
  return () => {
    if (open.delete(call) && open.size === 0) calls.delete(context)
  }
}

/** Runs the handler, and keeps the claim in force until it has ended. */
export const withClaim = async <T>(
  context: object,
  claim: HandlerClaim | undefined,
  run: () => T | Promise<T>,
): Promise<T> => {
  const leave = isObject(context) ? enterClaim(context, claim) : undefined // tests call handlers without one
  try {
    return await run()
  } finally {
    leave?.()
  }
}
