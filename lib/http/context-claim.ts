import { isObject } from '../core/option-rules.ts'
import type { HandlerClaim } from '../core/record/handler-claim.ts'

/** A call that has not ended yet, with the claim under which it runs. */
interface OpenCall {
  readonly claim: HandlerClaim | undefined
}

/** The open calls of each context, in the order in which they began. */
const calls = new WeakMap<object, Set<OpenCall>>()

/**
 * The claim under which the handler runs, in either form; `undefined` where it runs without one. A call within another,
 * with the same context, has its own claim until it ends. Of calls that run at the same moment with one context this is
 * the claim of the one that began last: take the wrapper's third argument there, or give each call a context of its own,
 * such as `Object.create(context)`. Do the same for a Middy chain within a call: close to the deadline the middleware
 * cannot tell whether its handler has ended, and leaves its claim in force.
 */
export const claimOf = (context: object): HandlerClaim | undefined => [...(calls.get(context) ?? [])].at(-1)?.claim

/** The claim is in force from now on, until the returned function is called. */
export const enterClaim = (context: object, claim: HandlerClaim | undefined): (() => void) => {
  const call: OpenCall = { claim }
  const open = calls.get(context) ?? new Set()
  calls.set(context, open.add(call))
  return () => {
    if (open.delete(call) && open.size === 0) calls.delete(context)
  }
}

/** Runs the handler with the claim in force, until it has ended. */
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
